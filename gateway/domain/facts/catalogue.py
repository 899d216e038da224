"""Every kind of fact, in one literal table; a kind that is not here can not be told.

Numbers are stable for ever: the hundreds name the theme, a number is never used again.
"""

from __future__ import annotations

import enum

import attrs


class Reach(enum.Enum):
    """Say how far a fact's body travels."""

    SHARED = "shared"
    HOME = "home"
    """Quotes a session's content: between nodes only the envelope travels while the session lives."""


class Moment(enum.Enum):
    """Say whether an effect waits for the fact's commit."""

    BEFORE = "before"
    """The effect it speaks of waits until the fact is on disk."""
    AFTER = "after"
    """Told after the effect; it never delays a key."""


@attrs.frozen
class Kind:
    """Describe one kind of fact: stable number, severity 0-10, reach, moment, and its meaning in a line."""

    number: int
    severity: int
    reach: Reach
    moment: Moment
    meaning: str


_S, _H = Reach.SHARED, Reach.HOME
_B, _A = Moment.BEFORE, Moment.AFTER

KINDS: dict[str, Kind] = {
    "auth.succeeded": Kind(101, 1, _S, _A, "An operator or admin proved who he is."),
    "auth.failed": Kind(102, 4, _S, _A, "A login was refused."),
    "auth.guessed": Kind(103, 8, _S, _A, "A user's one-time codes are being guessed; they are refused for a while."),
    "session.started": Kind(201, 2, _S, _B, "A session's policy was frozen; the target is logged in to next."),
    "session.refused": Kind(202, 5, _S, _A, "A session was refused before it started."),
    "session.ended": Kind(203, 2, _S, _A, "A session is over, with its reason, risk and byte counts."),
    "session.failed": Kind(204, 8, _S, _A, "A gate or tap failed; the session was ended, nothing was passed on."),
    "session.locked": Kind(205, 6, _S, _B, "A session was frozen by a lock."),
    "session.unlocked": Kind(206, 4, _S, _B, "A session was released: no lock in force covers it any more."),
    "session.interrupted": Kind(207, 7, _S, _B, "An ongoing session was cut."),
    "session.frozen": Kind(208, 5, _S, _A, "A session was frozen because nobody required was present."),
    "session.released": Kind(209, 3, _S, _A, "A session frozen for want of presence goes on."),
    "session.expiring": Kind(210, 2, _S, _A, "The operator was told that the session ends soon."),
    "channel.opened": Kind(301, 1, _H, _A, "A channel of a session was opened."),
    "channel.closed": Kind(302, 1, _H, _A, "A channel of a session was closed."),
    "channel.refused": Kind(303, 4, _H, _A, "A channel or request was refused by the frozen policy."),
    "target.failed": Kind(304, 4, _S, _A, "The target could not be reached, identified or logged in to."),
    "target.key_queued": Kind(305, 6, _S, _B, "A target showed an unknown host key; it waits for an admin."),
    "target.tested": Kind(306, 3, _S, _B, "An admin had the gateway try the way to a target, or a login there."),
    "forward.opened": Kind(311, 3, _H, _A, "A forward was opened through the target."),
    "forward.closed": Kind(312, 1, _H, _A, "A forward was closed."),
    "command.executed": Kind(401, 1, _H, _A, "A simple command was executed."),
    "command.audited": Kind(402, 6, _H, _A, "An audited command was executed or attempted."),
    "command.denied": Kind(403, 7, _H, _A, "A prohibited command was kept from the target."),
    "command.held": Kind(404, 5, _H, _A, "A command waits for an approver."),
    "command.unmediated": Kind(405, 6, _H, _A, "A line ran that the gateway had not released."),
    "command.opaque": Kind(406, 5, _H, _A, "A command could not be resolved."),
    "command.blind": Kind(407, 1, _H, _A, "A program read what was typed, and no commands, for so many seconds."),
    "risk.threshold": Kind(411, 7, _S, _A, "A session's risk score crossed a threshold."),
    "file.transferred": Kind(501, 2, _H, _A, "A file was transferred."),
    "file.denied": Kind(502, 6, _H, _A, "A file transfer was denied."),
    "file.quarantined": Kind(503, 7, _H, _A, "A file was kept in quarantine."),
    "file.changed": Kind(504, 1, _H, _A, "A name or attribute was changed over SFTP: renamed, removed, linked, made."),
    "quarantine.released": Kind(511, 6, _S, _B, "A held file was given to an admin."),
    "quarantine.removed": Kind(512, 5, _S, _B, "A held file was removed by an admin."),
    "quarantine.expired": Kind(513, 3, _S, _A, "A held file was removed because its time was over."),
    "quarantine.failed": Kind(514, 8, _S, _A, "A denied file could not be kept in quarantine."),
    "live.watch_started": Kind(601, 3, _S, _B, "Somebody began to see a session's present screen."),
    "live.watch_ended": Kind(602, 3, _S, _A, "Somebody ceased to see a session's present screen."),
    "session.marked": Kind(603, 2, _H, _A, "An admin put a mark into a session's recording."),
    "user.locked": Kind(701, 6, _S, _B, "A lock was put on a user, target, group or everybody."),
    "user.unlocked": Kind(702, 5, _S, _B, "Locks were released."),
    "user.deactivated": Kind(703, 8, _S, _B, "A user's account was switched off everywhere."),
    "user.activated": Kind(704, 6, _S, _B, "A user's account was switched on again."),
    "user.recovered": Kind(705, 10, _S, _B, "Access was recovered locally because no admin was left."),
    "user.password_set": Kind(706, 5, _S, _B, "A user's password hash was set."),
    "user.code_spent": Kind(707, 1, _S, _B, "A one-time code of a second factor was used."),
    "token.added": Kind(708, 5, _S, _B, "A bearer token for the API was made."),
    "token.removed": Kind(709, 4, _S, _B, "A bearer token for the API was taken back."),
    "approval.requested": Kind(711, 3, _S, _B, "A session or command waits for approval."),
    "approval.given": Kind(712, 4, _S, _B, "An approver agreed."),
    "approval.denied": Kind(713, 5, _S, _B, "An approver refused."),
    "user.spared": Kind(721, 9, _S, _A, "A rule may not switch off this account; only the session ended."),
    "user.deactivations_limited": Kind(722, 10, _S, _A, "Rules switched off so many accounts that more are locked."),
    "elevation.answered": Kind(801, 5, _H, _B, "The gateway answered a request for elevation."),
    "elevation.refused": Kind(802, 6, _H, _A, "A request for elevation was not answered."),
    "elevation.failed": Kind(803, 6, _H, _A, "An elevation was answered and did not succeed."),
    "elevation.suspected_theft": Kind(804, 10, _H, _A, "A secret for elevation may have been captured."),
    "recording.sealed": Kind(901, 1, _S, _A, "A recording is complete and signed."),
    "recording.checkpoint": Kind(902, 0, _S, _A, "The chain heads of an open recording, against truncation."),
    "recording.replicated": Kind(903, 1, _S, _A, "A recording was copied to another node."),
    "recording.failed": Kind(904, 9, _S, _A, "A recording could not be written or sealed."),
    "recording.recovered": Kind(905, 6, _S, _A, "A recording left open by a dead process was closed as UNSEALED."),
    "recording.viewed": Kind(906, 3, _S, _B, "A recording was exported or played."),
    "recording.budget": Kind(907, 5, _S, _A, "A session was slowed or ended by its recording budget."),
    "recording.searched": Kind(908, 3, _S, _B, "Recordings were searched; the hits were shown."),
    "recording.held": Kind(909, 5, _S, _B, "A recording was put on legal hold: nothing deletes it."),
    "recording.released": Kind(910, 6, _S, _B, "A legal hold was lifted by a second admin."),
    "recording.deleted": Kind(911, 5, _S, _B, "A recording's content was deleted: its time was over."),
    "directory.changed": Kind(1001, 4, _S, _B, "Users, targets, credentials, rules or grants were changed."),
    "secret.sealed": Kind(1002, 5, _S, _B, "A secret was sealed in the vault."),
    "journal.opened": Kind(1101, 1, _S, _B, "A journal of a new incarnation begins."),
    "journal.head": Kind(1102, 0, _S, _A, "The head of a journal, as an anchor elsewhere."),
    "node.started": Kind(1103, 3, _S, _B, "The node began to serve."),
    "node.stopped": Kind(1104, 3, _S, _B, "The node was stopped in order."),
    "node.storage_low": Kind(1105, 8, _S, _A, "The disk is nearly full; sessions are refused or stopped."),
    "store.offline_change": Kind(1106, 7, _S, _B, "The store was opened by a person while the node was down."),
    "siem.gap": Kind(1201, 8, _S, _A, "Events could not be delivered to a SIEM destination."),
    "siem.tested": Kind(1202, 1, _S, _A, "An admin sent a test event to all SIEM destinations."),
    "verb.refused": Kind(1301, 5, _S, _A, "A verb was refused for want of a role."),
}
