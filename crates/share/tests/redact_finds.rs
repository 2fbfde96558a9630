//! What redaction takes out of real-looking lines. A case here is a promise to the user, so no case may be removed
//! because the code stopped keeping it.

use oopscope_share::{Kind, redact};

#[track_caller]
fn check(line: &str, expected: &str) {
    assert_eq!(redact(line, &Kind::ALL).text(), expected, "redacting {line:?}");
}

#[test]
fn ip_addresses() {
    check("nfs: server 192.168.7.20 not responding, still trying", "nfs: server <ip-1> not responding, still trying");
    check("libceph: mon0 (1)10.20.30.41:6789 session established", "libceph: mon0 (1)<ip-1>:6789 session established");
    check("route to 10.1.0.0/16 via 10.1.2.3, then 8.8.8.8.", "route to <ip-1>/16 via <ip-2>, then <ip-3>.");
    check("pool 10.0.0.1-10.0.0.9 exhausted", "pool <ip-1>-<ip-2> exhausted");
    check("SRC=010.000.000.007 DST=192.168.001.001", "SRC=<ip-1> DST=<ip-2>");
    check("proc_dir_entry 'ipt_CLUSTERIP/172.20.7.170' already", "proc_dir_entry 'ipt_CLUSTERIP/<ip-1>' already");
    check("netconsole=6665@10.0.2.15/eth0,6666@10.0.2.2/", "netconsole=6665@<ip-1>/eth0,6666@<ip-2>/");
    check("\u{1b}[0m192.0.2.7\u{1b}[1m 198.51.100.2", "\u{1b}[0m<ip-1>\u{1b}[1m <ip-2>");
    check("addr=2001:db8::1, from [2001:DB8::1]:443", "addr=<ip-1>, from [<ip-1>]:443");
    check("IPv6: eth0: duplicate address fe80::5054:ff:fe12:3456 used", "IPv6: eth0: duplicate address <ip-1> used");
    check("link fe80:0000:0000:0000:0211:22ff:fe33:4455%eth0: up", "link <ip-1>%eth0: up");
    check("mapped ::ffff:10.0.0.1.", "mapped <ip-1>.");
    check("server:fd00::17: timed out", "server:<ip-1>: timed out");
}

#[test]
fn hardware_addresses() {
    check("eth0: (PCI Express:2.5GT/s:Width x1) 54:ee:75:12:34:56", "eth0: (PCI Express:2.5GT/s:Width x1) <mac-1>");
    check("wlan0: authenticate with 00-1B-21-AA-BB-CC", "wlan0: authenticate with <mac-1>");
    check("(addr:aa:aa:aa:aa:aa:0c, vlan:0)", "(addr:<mac-1>, vlan:0)");
    check("enx00e04c680001: renamed; 00:E0:4c:68:00:01", "enx<mac-1>: renamed; <mac-1>");
    check("ib0: 80:00:02:08:fe:80:00:00:00:00:00:00:00:02:c9:03:00:0a:0b:0c up", "ib0: <mac-1> up");
    check("EUI 00:11:22:33:44:55:66:77", "EUI <mac-1>");
    check(
        "IN=eth0 OUT= MAC=52:54:00:12:34:56:52:54:00:ab:cd:ef:08:00 SRC=192.168.7.20 LEN=60",
        "IN=eth0 OUT= MAC=<mac-1>:<mac-2>:08:00 SRC=<ip-1> LEN=60",
    );
}

#[test]
fn host_columns() {
    check("Nov 21 11:45:11 web-3 kernel: [  12.3] BUG: foo", "Nov 21 11:45:11 <host-1> kernel: [  12.3] BUG: foo");
    check("Nov  1 11:45:11 alpha sshd[77]: Accepted", "Nov  1 11:45:11 <host-1> sshd[77]: Accepted");
    check("<6>Nov  1 11:45:11 alpha CRON: x", "<6>Nov  1 11:45:11 <host-1> CRON: x");
    check("Dec  4 15:56:11 alpha kern.info kernel: x", "Dec  4 15:56:11 <host-1> kern.info kernel: x");
    check("2026-11-21T11:45:11.123456+00:00 db.acme kernel: x", "2026-11-21T11:45:11.123456+00:00 <host-1> kernel: x");
    check("2026-11-21T11:45:11+0100 alpha systemd[1]: x", "2026-11-21T11:45:11+0100 <host-1> systemd[1]: x");
    check("Sat 2026-11-21 11:45:11 UTC alpha kernel: x", "Sat 2026-11-21 11:45:11 UTC <host-1> kernel: x");
    check("[    1.234567] alpha kernel: x", "[    1.234567] <host-1> kernel: x");
    check("<4>1 2026-11-21T11:45:11Z alpha kernel - - - x", "<4>1 2026-11-21T11:45:11Z <host-1> kernel - - - x");
}

#[test]
fn announced_hosts() {
    check("systemd[1]: Hostname set to <web>.", "systemd[1]: Hostname set to <<host-1>>.");
    check(
        "Kernel command line: systemd.hostname=buildbox quiet",
        "Kernel command line: systemd.hostname=<host-1> quiet",
    );
    check("ip=10.0.0.2::10.0.0.1:255.255.255.0:cam7:eth0:off", "ip=<ip-1>::<ip-2>:255.255.255.0:<host-1>:eth0:off");
    check(
        "     host=cam7, domain=acme.lan, nis-domain=(none)",
        "     host=<host-1>, domain=<host-2>, nis-domain=(none)",
    );
    check("Linux version 6.6.0-acme (jane@buildbox) (gcc 13)", "Linux version 6.6.0-acme (<host-1>) (gcc 13)");
    check("Linux version 6.6.0-acme (root@build.box7) (gcc 13)", "Linux version 6.6.0-acme (root@<host-1>) (gcc 13)");
    check(
        "root=/dev/mapper/rhel_web3-root rd.lvm.lv=rhel_web3/root rd.lvm.lv=vg0/swap /dev/mapper/cs_a--b-home",
        "root=/dev/mapper/rhel_<host-1>-root rd.lvm.lv=rhel_<host-1>/root rd.lvm.lv=vg0/swap /dev/mapper/cs_<host-2>-home",
    );
    check("nfs: server filer7 not responding", "nfs: server <host-1> not responding");
    check(
        "CIFS: VFS: \\\\files Send error in SessSetup = -13",
        "CIFS: VFS: \\\\<host-1> Send error in SessSetup = -13",
    );
    check("CIFS: Attempting to mount //files/projects", "CIFS: Attempting to mount //<host-1>/projects");
    check("mounted \\\\files\\projects", "mounted \\\\<host-1>\\projects");
    check("Linux alpha 6.1.0-13-amd64 #1 SMP Debian x86_64", "Linux <host-1> 6.1.0-13-amd64 #1 SMP Debian x86_64");
    check("root@alpha:~# dmesg", "root@<host-1>:~# dmesg");
    check("\u{1b}[?2004hroot@alpha:~# dmesg", "\u{1b}[?2004hroot@<host-1>:~# dmesg");
    check("[jane@alpha linux]$ make", "[<host-1> linux]$ make");
    check("alpha login: ", "<host-1> login: ");
    check("Debian GNU/Linux 12 alpha ttyS0", "Debian GNU/Linux 12 <host-1> ttyS0");
    check("Message from syslogd@alpha at Nov 21", "Message from syslogd@<host-1> at Nov 21");
    check("login to iqn.2003-01.com.example:disk1 failed", "login to iqn.2003-01.<host-1> failed");
    check("resolve db01.acme-devices.com: -3", "resolve <host-1>: -3");
    check("peer cache.rack7.internal:6789 down", "peer <host-1>:6789 down");
}

#[test]
fn a_name_once_learned_is_found_again() {
    check(
        "Nov 21 11:45:11 web-3 kernel: x\nweb-3: rebooting\n Comm: web-3 Not\n web-3+0x1/0x2 [web-3]\n",
        "Nov 21 11:45:11 <host-1> kernel: x\n<host-1>: rebooting\n Comm: web-3 Not\n web-3+0x1/0x2 [web-3]\n",
    );
    check(
        "Nov 21 11:45:11 debian kernel: Linux version 6.1.0 debian 12\n",
        "Nov 21 11:45:11 <host-1> kernel: Linux version 6.1.0 debian 12\n",
    );
}

#[test]
fn serial_numbers() {
    check("usb 1-4: SerialNumber: 4C5300 0123\r\n", "usb 1-4: SerialNumber: <serial-1>\r\n");
    check("usb 1-4: SerialNumber: syz", "usb 1-4: SerialNumber: <serial-1>");
    check("androidboot.serialno=R58M12 ro", "androidboot.serialno=<serial-1> ro");
    check("NVRM: GPU Board Serial Number: 0323219012345", "NVRM: GPU Board Serial Number: <serial-1>");
    check("\tSerial Number: CN7016A12B", "\tSerial Number: <serial-1>");
    check("S/N: ZC12ABCD, rev 2", "S/N: <serial-1>, rev 2");
    check("Serial\t\t: 00000000a1b2c3d4", "Serial\t\t: <serial-1>");
    check(
        "handle(0x000a), sas_address(0x5000c5008a1b2c3d), phy(0)",
        "handle(0x000a), sas_address(0x<serial-1>), phy(0)",
    );
    check(
        "androidboot.imei=490154203237518 PPIN: 0x12ab34cd56ef7890",
        "androidboot.imei=<serial-1> PPIN: 0x<serial-2>",
    );
    check("WWPN=0x2000001b32000001 wwnn 2000001b32000000", "WWPN=0x<serial-1> wwnn <serial-2>");
    check("wwn-0x5000c5008a1b2c3d", "wwn-0x<serial-1>");
    check("/dev/disk/by-id/ata-ST4000NM0035_ZC12ABCD-part1.", "/dev/disk/by-id/<serial-1>");
}

#[test]
fn uuids() {
    check(
        "root=UUID=4e5cf2a1-7d3b-4c1e-9f60-12ab34cd56ef ro resume=PARTUUID=1234abcd-01",
        "root=UUID=<uuid-1> ro resume=PARTUUID=<uuid-2>",
    );
    check(
        "/dev/mapper/luks-4e5cf2a1-7d3b-4c1e-9f60-12ab34cd56ef rd.luks.uuid=luks-4E5CF2A1-7d3b-4c1e-9f60-12ab34cd56ef",
        "/dev/mapper/luks-<uuid-1> rd.luks.uuid=luks-<uuid-1>",
    );
    check(
        "dev-disk-by\\x2duuid-4e5cf2a1\\x2d7d3b\\x2d4c1e\\x2d9f60\\x2d12ab34cd56ef.device",
        "dev-disk-by\\x2duuid-<uuid-1>.device",
    );
    check("root=UUID=12AB-34CD resume=UUID=0123456789ABCDEF", "root=UUID=<uuid-1> resume=UUID=<uuid-2>");
    check("/dev/disk/by-uuid/12AB-34CD", "/dev/disk/by-uuid/<uuid-1>");
    check("rd.md.uuid=01234567:89abcdef:01234567:89abcdef", "rd.md.uuid=<uuid-1>");
    check("/var/log/journal/0123456789abcdef0123456789abcdef/system", "/var/log/journal/<uuid-1>/system");
    check("systemd.machine_id=0123456789abcdef0123456789abcdef", "systemd.machine_id=<uuid-1>");
    check(
        "task_memcg=/kubepods/burstable/pod4e5cf2a1-7d3b-4c1e-9f60-12ab34cd56ef/x pod4e5cf2a1_7d3b_4c1e_9f60_12ab34cd56ef.slice",
        "task_memcg=/kubepods/burstable/pod<uuid-1>/x pod<uuid-1>.slice",
    );
    check("GPU-4e5cf2a1-7d3b-4c1e-9f60-12ab34cd56ef", "GPU-<uuid-1>");
}

#[test]
fn email_addresses() {
    check("report to jane.doe@acme-devices.com.", "report to <email-1>.");
    check("Linux version 6.6.0 (build@ci.acme.com) (gcc 13)", "Linux version 6.6.0 (<email-1>) (gcc 13)");
    check("<jane@acme.io>, Jane@Acme.io", "<<email-1>>, <email-1>");
}

#[test]
fn user_names_in_paths() {
    check("kernel BUG at /home/jane/src/linux/mm/slub.c:321!", "kernel BUG at /home/<user-1>/src/linux/mm/slub.c:321!");
    check(
        "at /usr/local/google/home/jane/linux/a.c:9 f+0x1/0x2",
        "at /usr/local/google/home/<user-1>/linux/a.c:9 f+0x1/0x2",
    );
    check("/Users/jane/x /home/jane", "/Users/<user-1>/x /home/<user-1>");
    check("from C:\\Users\\Jane Doe\\Desktop\\a.log", "from C:\\Users\\<user-1>\\Desktop\\a.log");
    check("cp /run/media/jøhn/USB/x", "cp /run/media/<user-1>/USB/x");
}
