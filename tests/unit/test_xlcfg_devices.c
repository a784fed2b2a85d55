// SPDX-License-Identifier: Apache-2.0
// The keys vif and disk of a configuration file, and one device by itself.
#include "xlcfg_text.h"

#include "kernel/compiler.h"

// ---- In a file ----

static void vifs(void **state)
{
	static const uint8_t mac[] = { 0x00, 0x16, 0x3e, 0x0a, 0xbc, 0xde };

	(void)state;
	MAKES("vif=['']", config->vif_count == 1 && !config->vifs[0].mac && config->vifs[0].devid == -1);
	MAKES("vif=['mac=00:16:3E:a:bc:de, bridge=xenbr0,backend=DomD', 'type=vif,untrusted,trusted']",
	      config->vif_count == 2 && !memcmp(config->vifs[0].mac, mac, sizeof(mac)) &&
		      TEXT_IS(config->vifs[0].bridge, "xenbr0") && TEXT_IS(config->vifs[0].backend, "DomD") &&
		      !config->vifs[1].untrusted);
	MAKES("vif=['ip=10.0.0.1 "
	      "10.0.0.2,script=vif-nat,vifname=eth7,vlan=3,gatewaydev=e0,untrusted,mtu=9000,"
	      "devid=4']",
	      TEXT_IS(config->vifs[0].ip, "10.0.0.1 10.0.0.2") &&
		      TEXT_IS(config->vifs[0].script, "vif-nat") && TEXT_IS(config->vifs[0].name, "eth7") &&
		      TEXT_IS(config->vifs[0].vlan, "3") && TEXT_IS(config->vifs[0].gateway, "e0") &&
		      config->vifs[0].untrusted && config->vifs[0].mtu == 9000 && config->vifs[0].devid == 4);
	MAKES("vif=['rate=10Mb/s']",
	      config->vifs[0].bytes_per_second == 1250000 && !config->vifs[0].interval_us);
	MAKES("vif=['rate=1GB/s@20ms']",
	      config->vifs[0].bytes_per_second == 1000000000 && config->vifs[0].interval_us == 20000);
	MAKES("vif=['rate=9b/s@5u']",
	      config->vifs[0].bytes_per_second == 1 && config->vifs[0].interval_us == 5);
	MAKES("vif=['rate=500KB/s@1s']", config->vifs[0].interval_us == 1000000);
	MAKES("vif=['rate=4294967291Kb/s']", config->vifs[0].bytes_per_second == 536870911375);
	static const char *const rates[] = { "0B/s",
					     "1",
					     "1B",
					     "1X/s",
					     "7b/s",
					     "1B/s@",
					     "1B/s@0",
					     "1B/s@1x",
					     "99999999999999999999B/s",
					     "99999999999GB/s",
					     "1B/s@5000s" };
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		char text[100];

		snprintf(text, sizeof(text), KERNEL "vif=['rate=%s']", rates[i]);
		refused(text, "2:6: vif: rate=");
	}
	refused(KERNEL "vif=['mac=1:2:3:4:5']", "2:6: vif: mac=1:2:3:4:5: give six bytes");
	refused(KERNEL "vif=['mac=2:2:3:4:5:6:7']", "2:6: vif: mac=");
	refused(KERNEL "vif=['mac=2:2:3:4:5:100']", "2:6: vif: mac=");
	refused(KERNEL "vif=['mac=01:0:0:0:0:1']", "2:6: vif 0: the MAC is one for groups");
	refused(KERNEL "vif=['mac=0:0:0:0:0:1',\n'',\n'mac=0:0:0:0:0:1']",
		"4:1: vifs 0 and 2 have the same MAC");
	refused(KERNEL "vif=['type=ioemu']", "2:6: vif: type=ioemu: Arm64 has no emulated devices");
	refused(KERNEL "vif=['mtu=5']", "2:6: vif: mtu: 5 is not from 68 to 65535");
	refused(KERNEL "vif=['devid=x']", "2:6: vif: devid: 'x' is not a number");
	refused(KERNEL "vif=['brigde=xenbr0']", "2:6: vif: unknown option 'brigde=xenbr0'");
	warned(KERNEL "vif=['model=rtl8139']", ":2:6: vif: model=rtl8139 is ignored");
}

static void disks(void **state)
{
	// The forms that xl-disk-configuration(5) calls equivalent.
	static const char *const same[] = {
		"/dev/vg/guest-volume,,xvda",
		"/dev/vg/guest-volume,raw,xvda,rw",
		"format=raw, vdev=xvda, access=rw, target=/dev/vg/guest-volume",
		"raw:/dev/vg/guest-volume,xvda,w",
		"phy:/dev/vg/guest-volume,xvda",
		"tap:aio:/dev/vg/guest-volume,xvda",
		",,xvda,target=/dev/vg/guest-volume",
		"devtype=disk,/dev/vg/guest-volume,vdev=xvda",
	};
	static const char *const empty[] = { ",,hdc,cdrom", "vdev=hdc,cdrom", ",hdc:cdrom", ",hdc:cdrom,ro" };
	char text[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		snprintf(text, sizeof(text), KERNEL "disk=['%s']", same[i]);
		struct config_file *file = read_text(text);
		const struct config_disk *disk = file->config.disks;

		assert_int_equal(file->config.disk_count, 1);
		assert_string_equal(disk->target, "/dev/vg/guest-volume");
		assert_string_equal(disk->vdev, "xvda");
		assert_int_equal(disk->format, CONFIG_DISK_RAW);
		assert_false(disk->read_only || disk->cdrom);
		assert_round_trip(&file->config);
		config_file_free(file);
	}
	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		snprintf(text, sizeof(text), KERNEL "disk=['%s']", empty[i]);
		struct config_file *file = read_text(text);
		const struct config_disk *disk = file->config.disks;

		assert_null(disk->target);
		assert_string_equal(disk->vdev, "hdc");
		assert_true(disk->cdrom && disk->read_only && disk->format == CONFIG_DISK_EMPTY);
		assert_round_trip(&file->config);
		config_file_free(file);
	}
	MAKES("disk=['/a.iso,,hdc,cdrom', 'qcow2:/b,hdd:disk,r']",
	      config->disks[0].cdrom && config->disks[0].format == CONFIG_DISK_RAW &&
		      config->disks[1].read_only && config->disks[1].format == CONFIG_DISK_QCOW2);
	MAKES("disk=['vdev=xvda,backend=DomD,backendtype=qdisk,specification=virtio,script=block-x,"
	      "direct-io-safe,no-discard,untrusted,format=vhd,target=a,b=c,']",
	      TEXT_IS(config->disks[0].backend, "DomD") && TEXT_IS(config->disks[0].script, "block-x") &&
		      TEXT_IS(config->disks[0].target, "a,b=c") &&
		      config->disks[0].backend_type == CONFIG_DISK_BACKEND_QDISK &&
		      config->disks[0].protocol == CONFIG_DISK_VIRTIO && config->disks[0].direct_io_safe &&
		      config->disks[0].no_discard && config->disks[0].untrusted &&
		      config->disks[0].format == CONFIG_DISK_VHD);
	MAKES("disk=['vdev=xvda,target=a,,']", TEXT_IS(config->disks[0].target, "a,"));
	MAKES("disk=['no-discard,discard,untrusted,trusted,vdev=xvda,target=a']",
	      !config->disks[0].no_discard && !config->disks[0].untrusted);
	MAKES("disk=['nbd:server 1234,xvdb']", TEXT_IS(config->disks[0].script, "block-nbd") &&
						       TEXT_IS(config->disks[0].target, "server 1234"));
	warned(KERNEL "disk=['vdev=xvda,grant_usage=1,target=a']", ":2:7: disk: grant_usage=1 is ignored");
	refused(KERNEL "disk=['/dev/a']", "2:7: disk 0 has no vdev");
	refused(KERNEL "disk=['vdev=xvda']", "2:7: disk 0 has no target");
	refused(KERNEL "disk=['a,,xvda',\n 'b,,xvda']", "3:2: disks 0 and 1 are both called xvda");
	refused(KERNEL "disk=['a,bmp,xvda']", "2:7: disk: format: there is no 'bmp': give raw, qcow");
	refused(KERNEL "disk=['a,,xvda,x']", "2:7: disk: access: there is no 'x': give rw, w, ro or r");
	refused(KERNEL "disk=['a,,xvda,w,w']", "2:7: disk: 'w' is one too many");
	refused(KERNEL "disk=['a,vdev=x,vdev=y']", "2:7: disk: 'x' and 'y': give one");
	refused(KERNEL "disk=['a,,xvda,target=b']", "2:7: disk: 'a' and 'b': give one");
	refused(KERNEL "disk=['a,,xvda,backendtype=x']", "2:7: disk: backendtype: there is no 'x'");
	refused(KERNEL "disk=['a,,xvda,specification=x']", "2:7: disk: specification: there is no 'x'");
	refused(KERNEL "disk=['a,,xvda,devtype=x']", "2:7: disk: devtype: there is no 'x'");
	refused(KERNEL "disk=['a,,xvda:floppy']", "2:7: disk: devtype: there is no 'floppy'");
	refused(KERNEL "disk=['a,,xvda,acess=r']", "2:7: disk: unknown option 'acess=r'");
	memset(text, 'o', sizeof(text));
	memcpy(text, KERNEL "disk=['", strlen(KERNEL "disk=['"));
	strcpy(text + sizeof(text) - 3, "']");
	refused(text, "2:7: 'oooooooooooooooooooo...': an option has more than 255 bytes");
}

// ---- By themselves ----

static void single_devices(void **state)
{
	struct failure failure = { 0 };
	struct config_file *file = config_device_read("disk", "/disk.img,,xvdb,r,backend=domd", &failure);

	(void)state;
	assert_non_null(file);
	assert_int_equal(file->config.disk_count, 1);
	assert_string_equal(file->config.disks[0].vdev, "xvdb");
	assert_true(file->config.disks[0].read_only);
	config_file_free(file);
	file = config_device_read("vif", "backend=domd,model=e1000", &failure);
	assert_non_null(file);
	assert_int_equal(file->config.vif_count, 1);
	assert_string_equal(file->warnings->text, "vif:1:1: vif: model=e1000 is ignored: Arm64 has no emulated devices");
	config_file_free(file);
	assert_null(config_device_read("disk", "backend=domd", &failure));
	assert_string_equal(failure.text, "disk:1:1: disk 0 has no vdev: say what the guest shall call it, as xvda");
	memset(&failure, 0, sizeof(failure));
	assert_null(config_device_read("vif", "mac=1", &failure));
	assert_memory_equal(failure.text, "vif:1:1: vif: mac=1: give six bytes", 35);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vifs),
		cmocka_unit_test(disks),
		cmocka_unit_test(single_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
