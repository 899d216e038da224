"""What a program was told: unfit wherever the secret could be read elsewhere."""

from __future__ import annotations

import shlex

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.elevation.arguments import unfit

FIT = """
sudo id
sudo
sudo -u S id
sudo -uS id
sudo -kEu other id -S
sudo -i
sudo --user S id
sudo --user=S id
sudo --login
sudo --preserve-env=A,B id
sudo --preserve-gro id
sudo -g wheel -- -S
sudo A=b C=d id -A
sudo - -S
su
su -
su - root
su -l root -c 'rm -rf x'
doas id
doas -u other id -n
doas -uother -s
doas -- id
"""
UNFIT = """
sudo -S id
sudo -kS id
sudo -A id
sudo -p x id
sudo -px id
sudo -n id
sudo -u root -S id
sudo --stdin id
sudo --std id
sudo --askpass id
sudo --pro=x id
sudo --user x --st id
sudo --unknown id
sudo --= id
sudo A=b -S id
sudo =x -S id
sudo /a=b -S id
sudo -Z id
su other
su -s /bin/sh
su -c x root
doas -n id
doas -C f
doas -u x -L
doas -sn id
"""


class ArgumentsTests(SynchronousTestCase):
    """One table for each answer."""

    def test_what_reads_from_its_terminal_is_fit(self) -> None:
        """Options that take a word hide the word; what follows the command is the command's."""
        for line in FIT.strip().splitlines():
            argv = tuple(shlex.split(line))
            self.assertEqual(unfit(argv[0], argv), "", line)

    def test_what_may_read_elsewhere_is_unfit(self) -> None:
        """Also abbreviated, bundled, behind assignments, or not known at all."""
        for line in UNFIT.strip().splitlines():
            argv = tuple(shlex.split(line))
            self.assertNotEqual(unfit(argv[0], argv), "", line)
