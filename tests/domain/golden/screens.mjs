// Make screens.json: what @xterm/headless shows for byte streams, as golden cases for the screen model.
//
//   npm install @xterm/headless@6.0.0 @xterm/addon-unicode11@0.9.0   (anywhere; not part of this project)
//   python3 streams.py | node screens.mjs > screens.json
//
// stdin: one JSON object a line, {name, cols, rows, steps: [base64 or [cols, rows], …]}.
import { createInterface } from 'node:readline';
import headless from '@xterm/headless';
import unicode11 from '@xterm/addon-unicode11';

function colour(cell, side) {
  if (cell[`is${side}Default`]()) return -1;
  const value = cell[`get${side}Color`]();
  return cell[`is${side}RGB`]() ? value + (1 << 24) : value;
}

function look(cell) {
  const flags = ['Bold', 'Dim', 'Italic', 'Underline', 'Blink', 'Inverse', 'Invisible', 'Strikethrough'];
  return [colour(cell, 'Fg'), colour(cell, 'Bg'),
    flags.reduce((all, flag, bit) => all + (cell[`is${flag}`]() ? 1 << bit : 0), 0)];
}

function shown(terminal) {
  const buffer = terminal.buffer.active;
  const rows = [];
  for (let y = 0; y < terminal.rows; y++) {
    const line = buffer.getLine(buffer.baseY + y);
    const looks = [];
    let last = '';
    for (let x = 0; x < terminal.cols; x++) {
      const cell = line.getCell(x);
      const key = JSON.stringify(look(cell));
      if (key !== last && cell.getWidth() > 0) looks.push([x, ...look(cell)]);
      if (cell.getWidth() > 0) last = key;
    }
    rows.push({ text: line.translateToString(false).trimEnd(), wrapped: line.isWrapped, looks });
  }
  const modes = terminal.modes;
  return {
    rows, x: buffer.cursorX, y: buffer.cursorY, alternate: buffer.type === 'alternate',
    modes: { paste: modes.bracketedPasteMode, cursor_keys: modes.applicationCursorKeysMode, origin: modes.originMode,
      wrap: modes.wraparoundMode, insert: modes.insertMode, keypad: modes.applicationKeypadMode, mouse: modes.mouseTrackingMode },
  };
}

const write = (terminal, bytes) => new Promise((done) => terminal.write(bytes, done));
const cases = [];
for await (const line of createInterface({ input: process.stdin })) {
  const stream = JSON.parse(line);
  const terminal = new headless.Terminal({ cols: stream.cols, rows: stream.rows, scrollback: 0, allowProposedApi: true });
  terminal.loadAddon(new unicode11.Unicode11Addon());
  terminal.unicode.activeVersion = '11';
  for (const step of stream.steps) {
    if (typeof step === 'string') await write(terminal, Buffer.from(step, 'base64'));
    else terminal.resize(step[0], step[1]);
  }
  cases.push({ ...stream, shown: shown(terminal) });
}
process.stdout.write('[\n' + cases.map((each) => JSON.stringify(each)).join(',\n') + '\n]\n');
