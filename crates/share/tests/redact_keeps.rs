//! What redaction leaves as it is: everything that a report is parsed from, and what names nobody.

use oopscope_share::{Kind, redact};

/// Lines of real kinds, each of which has tempted some scanner.
const LINES: &str = r#"
[    0.000000] Linux version 6.1.0-56-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-1 (2026-09-14)
[    0.000000] Linux version 6.8.0-45-generic (buildd@lcy02-amd64-115) (x86_64-linux-gnu-gcc-13 (Ubuntu 13.2.0-23ubuntu4) 13.2.0, GNU ld 2.42) #45-Ubuntu SMP
[    0.000000] Linux version 5.14.0-503.el9.x86_64 (mockbuild@x86-64-04.build.eng.rdu2.redhat.com) (gcc (GCC) 11.5.0) #1 SMP
[    0.000000] Linux version 6.11.4-301.fc41.x86_64 (mockbuild@bkernel01.iad2.fedoraproject.org) (gcc (GCC) 14.2.1) #1 SMP
[    0.000000] Linux version 6.14.5-arch1-1 (linux@archlinux) (gcc (GCC) 15.1.1) #1 SMP
[    0.000000] Command line: console=ttyS0 panic=-1 oops=panic root=/dev/sda1 ro kvm.nested=1 systemd.unit=multi-user.target net.ifnames=0
[    0.000000] DMI: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.3-debian-1.16.3-2 04/01/2014
[    0.000000] DMI: Dell Inc. PowerEdge R740/0923K0, BIOS 2.21.2.1 02/19/2024
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
[    0.000000] efi: EFI v2.7 by EDK II
[    0.004000] ACPI: RSDP 0x00000000000F5290 000014 (v00 BOCHS )
[    0.100000] pci 0000:00:1f.2: [8086:2922] type 00 class 0x010601
[    0.100000] pci_bus 0000:00: root bus resource [bus 00-ff]
[    0.200000] device-mapper: ioctl: 4.47.0-ioctl (2022-07-28) initialised: dm-devel@redhat.com
[    0.200000] pps_core: Software ver. 5.3.6 - Copyright 2005-2007 Rodolfo Giometti <giometti@linux.it>
[    0.200000] wireguard: Copyright (C) 2015-2019 Jason A. Donenfeld <Jason@zx2c4.com>. All Rights Reserved.
[    0.200000] Please report this to linux-kernel@vger.kernel.org, see https://www.kernel.org/doc/html/latest/x.html
[    0.200000] [drm] GPU hang; please file a bug at https://gitlab.freedesktop.org/drm/intel/issues/new
[    0.200000] MDS CPU bug present and SMT on. See https://www.intel.com/content/x.html for more details
[    0.300000] Serial: 8250/16550 driver, 4 ports, IRQ sharing enabled
[    0.300000] Serial: AMBA PL011 UART driver
[    0.300000] serial8250: ttyS0 at I/O 0x3f8 (irq = 4, base_baud = 115200) is a 16550A
[    0.300000] printk: console [ttyS0] enabled, earlyprintk=serial,ttyS0,115200
[    0.400000] usb 5-1: New USB device strings: Mfr=1, Product=2, SerialNumber=3
[    0.400000] usb 5-1: New USB device found, idVendor=1d6b, idProduct=0002, bcdDevice= 6.01
[    0.400000] usb usb1: Manufacturer: Linux 6.1.0-56-amd64 xhci-hcd
[    0.400000] e1000: Intel(R) PRO/1000 Network Driver, version 7.3.21.1
[    0.400000] ixgbe 0000:01:00.0: firmware version: 9.20.4.1
[    0.400000] mlx5_core 0000:03:00.0: firmware-14.28.2006.1 loaded, v1.2.3.4, fw 8.0.1.2
[    0.400000] iwlwifi 0000:00:14.3: loaded firmware version 77.ad46c98b.0 cc-a0-77.ucode
[    0.500000] IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready
[    0.500000] inet 127.0.0.1 0.0.0.0 255.255.255.0 224.0.0.2 ::1 :: ff02::1
[    0.500000] bond0: 00:00:00:00:00:00 ff:ff:ff:ff:ff:ff
[    0.600000] rtc_cmos 00:05: setting system clock to 2026-11-21T11:45:11 UTC (1795261511)
[    0.600000] audit: type=1400 audit(1795261511.123:4): apparmor="STATUS" operation="profile_load"
[    0.700000] EXT4-fs (loop0): mounted filesystem 00000000-0000-0000-0000-000000000000 without journal
[    0.700000] wmi_bus wmi_bus-PNP0C14:00: WQBC data block query control method not found 05901221-D566-11D1-B2F0-00A0C9062910
[    0.800000] systemd[1]: Started getty@tty1.service, user@1000.service and systemd-fsck@dev-sda1.service.
[    0.800000] OF: fdt: /soc@0/uart@10009000: virtio_mmio@a003e00, memory@80000000
[    0.800000] hv_vmbus: registering driver, GUID f8615163-df3e-46c5-913f-f2d2f965ed0e
[   12.345678] BUG: kernel NULL pointer dereference, address: 0000000000000008
[   12.345678] BUG: unable to handle page fault for address: ffff888012345678
[   12.345678] #PF: error_code(0x0002) - not-present page
[   12.345678] PGD 1003067 P4D 1003067 PUD 1005067 PMD 0
[   12.345678] Oops: 0002 [#1] PREEMPT SMP NOPTI
[   12.345678][    C1] CPU: 1 UID: 0 PID: 77 Comm: www.example.com Tainted: G           OE      6.12.0-56-amd64 #1  Debian 6.12.117-1
[   12.345678] Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS rel-1.16.3-0-ga6ed6b701f0a-prebuilt.qemu.org 04/01/2014
[   12.345678] RIP: 0010:crash_irq_work+0x1e/0x30 [oopscope_crash]
[   12.345678] Code: 66 90 0f 1f 44 00 00 48 8b 05 <c7> 00 00 00 00 00 e9 f1 00-11 22 33
[   12.345678] RSP: 0018:ffffc90000003f78 EFLAGS: 00010046 ORIG_RAX: 0000000000000010
[   12.345678] RAX: 0000000000000000 RBX: ffff88807d61e5c8 RCX: dead000000000100
[   12.345678] FS:  00007f3c2a5ff740(0000) GS:ffff88807d600000(0000) knlGS:0000000000000000
[   12.345678]  <IRQ>
[   12.345678]  ? foo.isra.0+0x10/0x20
[   12.345678]  bar.constprop.0.cold+0x5/0x9 [nf_conntrack]
[   12.345678]  <core::fmt::Formatter>::pad+0x1/0x2 [rust_minimal]
[   12.345678]  asm_sysvec_irq_work+0x1a/0x20 [kvm c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00]
[   12.345678]  </IRQ>
[   12.345678] Modules linked in: oopscope_crash(OE) e1000 dm_mod(E) [last unloaded: foo]
[   12.345678] WARNING: CPU: 0 PID: 1 at drivers/media/usb/uvc/uvc_driver.c:123 uvc_probe+0x1/0x2
[   12.345678] Kernel Offset: 0x1a000000 from 0xffffffff81000000 (relocation range: 0xffffffff80000000-0xffffffffbfffffff)
[   12.345678] ---[ end trace 4e5cf2a17d3b4c1e ]---
[   12.345678] Workqueue: events_unbound flush_to_ldisc
[   12.345678] raw: 00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff
[   12.345678] raw: 00:11:22:33:44 and 00:11:22:33:44:55:66
[   12.345678] AMD-Vi: Event logged [IO_PAGE_FAULT device=00:00.0 domain=0x000c address=0xfdf8020200 flags=0x0008]
[   12.345678] scsi host0: ahci, host=0, at /root/linux/mm/slub.c:321
[   12.345678] Freeing unused kernel: 2048K
[Sat Nov 21 11:45:11 2026] Unable to handle kernel paging request at virtual address dfff800000000001
2026-11-21T11:45:11.123Z usb 1-1: new high-speed USB device number 2 using xhci_hcd
Internal error: Oops: 0000000096000004 [#1] SMP
x29: ffff800080003f00 x28: ffff0000c0a1b2c3 x27: 0000000000000000
PC is at do_raw_spin_lock.localalias+0x8/0x1c
Nov 21 11:45:11 localhost kernel: e1000 0000:00:03.0 eth0: Reset adapter
"#;

#[test]
fn lines_of_a_report_stay_as_they_are() {
    for line in LINES.lines() {
        let redacted = redact(line, &Kind::ALL);
        assert_eq!(redacted.text(), line);
        assert!(redacted.found.iter().all(|&(_, count)| count == 0), "{line}: {:?}", redacted.found);
    }
    assert_eq!(redact(LINES, &Kind::ALL).text(), LINES);
}
