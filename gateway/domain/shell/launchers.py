"""Programs of which more is not known than whether their words may be a command.

``LAUNCHERS`` run a command that may begin at any of their words: the values of their options are not known here.
``ORDINARY`` programs run none of their words, ``COMMANDED`` ones only what stands behind a mark. Of every other program
it is guessed that any of its words may begin a command.
"""

from __future__ import annotations

LAUNCHERS = frozenset(
    """
    abduco alacritty ansible-console apptainer arch-chroot argv0 asciinema autossh aws-vault bolt bsub bunx
    bwrap byobu cage calife catatonit chamber chef-run chpst clush cluster-ssh cmake consul-template cpulimit
    cset cssh direnv dotenv dotenvx dsh dsudo dtach dumb-init envchain envconsul envdir envuidgid et execlineb
    fab fd fdfind fghack firejail flatpak-spawn foot gdbserver gksu gksudo gnome-terminal gosu gparallel graftcp
    guix heaptrack ifne incrontab jailer jexec kcov kdesu kdesudo keep-one-running keychain kgx kitty konsole
    ktsuss lckdo lockrun lxc-attach lxc-execute lxterminal mate-terminal mco minijail0 mispipe mpiexec mpirun
    multilog mussh nix nix-shell nodemon npx nq nsexec nsjail op openvt parallel-ssh pbuilder pdsh pee pfexec
    pgrphack pidstat please proot pssh ptyxis qsub qterminal reflex reptyr rlfe rootlesskit rr run-one run-this-
    one runas runit rxvt s6-applyuidgid s6-envuidgid s6-setlock s6-setuidgid s6-softlimit salloc salt salt-call
    salt-ssh sbatch schedtool schroot sem setlock setuidgid singularity socksify softlimit solo srun st startx
    su-exec su-to-root super sux systemd-nspawn tcpserver terminator termrec tini tlog-rec tlog-rec-session
    tmate ts tsp ttyrec urxvt uvx vault-env watchexec weston wezterm with-contenv with-lock-ex wsl xdotool
    xfce4-terminal xinit xterm zlogin
    """.split()
)  # fmt: skip
"""Programs that run a command among their words."""

ORDINARY = frozenset(
    """
    [ a2enmod a2ensite ab ack addgroup adduser ag alternatives ansible- ansible-inventory ansible-playbook
    apropos apt- apt-file apt-key apt-mark aptitude ar arch as asterisk augtool b2sum banner base32 base64
    basename basenc bat bg blkid blockdev brctl bzcat bzip2 c++ cache cal cat catdoc cc certbot chage chattr
    chcon chcpu chfn chgrp chmod chown chpasswd chsh cksum clang clear cmp code column comm compress convert
    coredumpctl cowsay cowthink cpio cpp csplit curl cut cvs date dd debconf debuild delgroup deluser df dialog
    diff diff3 dig dir dircolors dirname dmesg dmidecode dos2unix dot dpkg-deb dpkg-query dpkg-reconfigure du
    dumpe2fs e2fsck echo egrep eject elinks enscript equivs espeak ethtool exa exif exiftool expand expr eza
    factor false fc-cache fc-list fdisk ffmpeg ffprobe fgrep figlet file findmnt finger flex fmt fold free fsck
    ftpwho fuser g++ gcc gedit getcap getconf getent getfacl getfattr getopt getopts git- glances gofmt gpasswd
    gpg gpg2 grep groupadd groupdel groupmod groups grub-install gunzip gzip hash hdparm head hexdump host
    hostid hostname hostnamectl htop http httpd hwclock iconv id identify ifconfig iftop info iotop ip6tables
    iperf iperf3 ipset iptables iptables-save iw java javac jobs join jq kate kdialog kill killall kmod last
    lastlog ld ldapsearch ldconfig ldd let lfs link ln locale locale-gen localectl locate logger login logname
    logsave lolcat look losetup ls lsattr lsblk lscpu lsmod lsns lsof lspci lsusb lvcreate lvdisplay lvextend
    lvremove lvs lynx lz4 lzma m4 mailq md5 md5sum mdadm mesg meson mkdir mkfifo mkfs mknod mkswap mktemp
    mlocate modinfo modprobe mongo mongodump mount mountpoint msmtp mtr mutt-send mysqladmin mysqldump netstat
    newusers nft nginx ninja nl nm nmap notify-send nproc nslookup ntpdate ntpq numfmt objcopy objdump od
    openssl osd_cat parted partprobe passwd paste patch pathchk pg_dump pg_restore pgrep pinfo ping ping6 pinky
    pip pip3 pkill pr printenv printf ps pstree ptx pv pvcreate pvs pwck pwd pwgen quota ranlib readelf readlink
    realpath rename renice resize2fs rev rfkill rg ripgrep rmdir rmmod route rpm rpm2cpio rrdtool rustc rustup
    sar say sdiff selinuxenabled sendmail sensors seq service sestatus setenforce setfacl setfattr sfdisk
    sha1sum sha224sum sha256sum sha384sum sha512sum shasum showmount shred shuf size sleep smartctl snmpget
    snmpwalk sort ss ssh-add ssh-copy-id ssh-keygen ssh-keyscan sshfs stat strings strip stty subl sum swaks
    swapoff swapon sync sysctl systemd-analyze tac tail tcpdump telnet test tftp tig timedatectl tldr tload
    toilet top touch tput tr tracepath traceroute tree true truncate tshark tsort tty tune2fs udevadm ufw ulimit
    umount uname unexpand uniq unix2dos unlink unrar unxz unzip update- uptime useradd userdel usermod users
    uuidgen vgcreate vgs vipw visudo vmstat vnstat w wall wc wget whatis whereis which whiptail who whoami whois
    wipefs write xmessage xmllint xz xzcat yad yq zcat zdiff zenity zgrep zip zipinfo zless zstd
    """.split()
)  # fmt: skip
"""Programs whose words, whatever they say, are not run."""

COMMANDED = frozenset(
    """
    VBoxManage adb ansible-galaxy apk apt apt-get argocd asdf aws az bootctl borg boundary brew bridge btrfs
    buildah buildctl bun bundle bzr cabal cargo ceph cf chamber chef colima composer conda consul crictl crm ctr
    dart dnf docker doctl doppler dotnet drbdadm eksctl emerge etcdctl fastboot firewall-cmd flatpak flutter
    flux fly flyctl foreman-rake gcloud gem gh git gluster go gradle gsutil guix hatch hcloud helm heroku hg
    hponcfg ibmcloud incus ip ipmitool istioctl juju k3d k3s k9s kind knife kubectl kubectx limactl linkerd
    linode-cli loginctl lvm lxc machinectl mamba mc micromamba minikube mise mix mongosh multipass multipath mvn
    nerdctl networkctl nix nmcli nomad nova npm nvm oc oci op opam openstack ossutil packer pacman pcs pct pdm
    pipenv pkg pnpm podman poetry port pulumi puppet pyenv qm racadm rados rake rancher rbd rbenv rclone redis-
    cli resolvectl restic rvm s3cmd s5cmd salt-key salt-run sbt scw semanage skopeo snap stack svn systemctl tc
    teleport terraform tofu toolbox tsh uv vagrant vault vboxmanage virsh vultr-cli yarn yum zfs zpool zypper
    """.split()
)  # fmt: skip
"""Programs whose words are subcommands of their own, called like programs: only behind a mark a command may stand."""
