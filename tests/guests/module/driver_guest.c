// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * driver_guest: a bad driver, in the way that is asked for: interrupts nobody handles, a transmit queue that never
 * completes, a device that never goes away.
 *
 *	insmod driver_guest.ko scenario=irq_nobody_cared
 *
 * The rules are those of oops_guest.c.
 */
#define pr_fmt(fmt) "driver_guest: " fmt

#include <linux/etherdevice.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kobject.h>
#include <linux/kthread.h>
#include <linux/mount.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include "guest.h"

/* ---- an interrupt line that stays up: QEMU's "edu" device, whose line is raised by a write to its registers ---- */

#define EDU_RAISE 0x60

static crash_site irqreturn_t guest_irq_not_mine(int irq, void *cookie)
{
	return IRQ_NONE;
}

static void start_irq_nobody_cared(void)
{
	struct pci_dev *edu = pci_get_device(0x1234, 0x11e8, NULL);
	void __iomem *registers;

	if (!edu || pci_enable_device(edu)) {
		pr_err("no edu device\n");
		return;
	}
	registers = pci_iomap(edu, 0, 0);
	if (!registers || request_irq(edu->irq, guest_irq_not_mine, IRQF_SHARED, "guest_irq", edu)) {
		pr_err("no interrupt\n");
		return;
	}
	iowrite32(1, registers + EDU_RAISE);
}

/* ---- a network device ---- */

static crash_site netdev_tx_t guest_xmit_never_completes(struct sk_buff *skb, struct net_device *dev)
{
	netif_stop_queue(dev);
	dev_kfree_skb(skb);
	return NETDEV_TX_OK;
}

/* Goes on, so that it is told only once. */
static void guest_tx_timeout(struct net_device *dev, unsigned int queue)
{
	netif_wake_queue(dev);
}

static const struct net_device_ops guest_netdev_ops = {
	.ndo_start_xmit = guest_xmit_never_completes,
	.ndo_tx_timeout = guest_tx_timeout,
};

static void guest_netdev_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &guest_netdev_ops;
	dev->watchdog_timeo = HZ;
	eth_hw_addr_random(dev);
}

static struct net_device *guest_netdev(void)
{
	struct net_device *dev = alloc_netdev(0, "guest%d", NET_NAME_ENUM, guest_netdev_setup);

	if (dev && register_netdev(dev))
		return NULL;
	return dev;
}

static void start_netdev_watchdog(void)
{
	struct net_device *dev = guest_netdev();
	struct sk_buff *skb;

	if (!dev)
		return;
	rtnl_lock();
	dev_open(dev, NULL);
	rtnl_unlock();
	skb = netdev_alloc_skb(dev, 128);
	if (!skb)
		return;
	skb_put_zero(skb, 64);
	skb->dev = dev;
	skb->protocol = htons(ETH_P_802_3);
	skb_reset_mac_header(skb);
	dev_queue_xmit(skb);
}

static crash_site int guest_unregister_while_held(void *cookie)
{
	struct net_device *dev = cookie;

	dev_hold(dev);
	unregister_netdev(dev);
	return 0;
}

static void start_unregister(void)
{
	struct net_device *dev = guest_netdev();

	if (dev)
		kthread_run(guest_unregister_while_held, dev, "guest_unregister");
}

/* ---- objects ---- */

static crash_site void guest_sysfs_duplicate(void)
{
	if (kobject_create_and_add("guest_twice", NULL) && !kobject_create_and_add("guest_twice", NULL))
		pr_info("refused, as it should be\n");
}

static crash_site void guest_kobject_uninitialized(void)
{
	static struct kobject empty;

	kobject_get(&empty);
	barrier();
}

static crash_site void guest_unmount_busy_inode(void)
{
	struct file_system_type *type = get_fs_type("tmpfs");
	struct vfsmount *mount = type ? kern_mount(type) : ERR_PTR(-ENODEV);

	if (IS_ERR(mount))
		return;
	ihold(d_inode(mount->mnt_root));
	kern_unmount(mount);
	barrier();
}

static crash_site void guest_unmount_busy_dentry(void)
{
	struct file_system_type *type = get_fs_type("tmpfs");
	struct vfsmount *mount = type ? kern_mount(type) : ERR_PTR(-ENODEV);

	if (IS_ERR(mount))
		return;
	dget(mount->mnt_root);
	kern_unmount(mount);
	barrier();
}

static const struct guest_scenario scenarios[] = {
	{ "irq_nobody_cared", start_irq_nobody_cared },
	{ "netdev_watchdog", start_netdev_watchdog },
	{ "unregister_netdevice", start_unregister },
	{ "sysfs_duplicate", guest_sysfs_duplicate },
	{ "kobject_uninitialized", guest_kobject_uninitialized },
	{ "busy_inode", guest_unmount_busy_inode },
	{ "busy_dentry", guest_unmount_busy_dentry },
};
guest_module(scenarios, "A bad driver on purpose, to see what the kernel prints");
