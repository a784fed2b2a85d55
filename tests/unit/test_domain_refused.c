// SPDX-License-Identifier: Apache-2.0
// domain/: creations that are refused, with which words, and nothing left over.
#include "domains.h"

#include <zlib.h>

static void scmi_before_xen_4_21(void **state)
{
	(void)state;
	config.scmi = true;
	refused(DOMID_ANY, -ENOTSUP, "arm_sci: Xen 4.17 hands SCMI calls of Dom0 alone on to firmware");
}

static void scmi_that_xen_does_not_hand_on(void **state)
{
	(void)state;
	config.scmi = true;
	refused(DOMID_ANY, -EINVAL, "scmi-smc-passthrough");
}

static void ids_out_of_range_or_in_use(void **state)
{
	(void)state;
	refused(0, -EINVAL, "domain id 0 is out of range: choose one from 1 to 32751");
	refused(0x7ff0, -EINVAL, "domain id 32752 is out of range");
	refused(0xffff, -EINVAL, "out of range");
	assert_int_equal(create(5, false)->id, 5);
	refused(5, -EEXIST, "domain id 5 is in use by 'guest': choose another with -d, or leave it out");
	assert_int_equal(create(0x7fef, false)->id, 0x7fef);
	domid_t foreign = model_make_domain(100);
	refused(foreign, -EEXIST, "in use by 'Domain-");
	destroy(foreign);
	destroy(5);
	destroy(0x7fef);
}

static void too_little_memory(void **state)
{
	(void)state;
	config.memory_kib = 1024;
	refused(DOMID_ANY, -ENOMEM, "kernel needs 2 MiB but the domain has 1 MiB: raise memory");
	config.memory_kib = 900 << 20;
	refused(DOMID_ANY, -ENOMEM, "MiB are free: lower its memory, or destroy another domain");
	config.memory_kib = UINT64_C(1) << 31;
	refused(DOMID_ANY, -EINVAL, "a domain has room for 1043456 MiB at most");
	config.memory_kib = 0;
	refused(DOMID_ANY, -EINVAL, "memory of 0 KiB");

	config.memory_kib = 16384;
	model_take_pages(model_free_pages() - 4000);
	refused(DOMID_ANY, -ENOMEM,
		"the domain takes 17 MiB with Xen's page tables for it, but only 15 MiB are free");
	model_return_pages();
	destroy(create(DOMID_ANY, false)->id);
}

static void images_that_are_wrong(void **state)
{
	static uint8_t elf[] = "\177ELF and more";

	(void)state;
	kernel_image.size = 0;
	refused(DOMID_ANY, -ENOEXEC, "kernel Image: empty");
	kernel_image = (struct model_image){ .name = "x.elf", .data = elf, .size = sizeof(elf) };
	config.kernel = model_image_source(&kernel_image);
	refused(DOMID_ANY, -ENOEXEC,
		"kernel x.elf: not an arm64 Image, gzip or uImage (first bytes 7f 45 4c 46)");
	kernel_image.size_error = -ENOENT;
	refused(DOMID_ANY, -ENOENT, "kernel x.elf: can't be read");

	reset(NULL);
	config.ramdisk = model_image_source(&ramdisk_image);
	ramdisk_image.size = 0;
	refused(DOMID_ANY, -EINVAL, "ramdisk initrd: empty");
	ramdisk_image.size = 16 << 20;
	refused(DOMID_ANY, -ENOMEM, "kernel, ramdisk and device tree need");
	ramdisk_image.size = UINT64_MAX;
	refused(DOMID_ANY, -ENOMEM, "ramdisk and device tree need");
	ramdisk_image.size = sizeof(ramdisk);
	ramdisk_image.read_error = -EIO;
	refused(DOMID_ANY, -EIO, "ramdisk initrd: reading at byte 0 failed");

	const uint64_t huge[] = { UINT64_MAX, INT64_MAX, UINT64_C(1) << 32 };
	ramdisk_image.read_error = 0;
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
		memcpy(kernel + 16, &huge[i], 8);
		refused(DOMID_ANY, -ENOMEM, "kernel needs");
	}
	memcpy(kernel + 16, &(uint64_t){ 0 }, 8);
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
		memcpy(kernel + 8, &huge[i], 8);
		refused(DOMID_ANY, -ENOMEM, "kernel needs");
	}
}

// Its end announces less than there is in it, which shows when the domain is half built.
static void a_gzip_that_explodes(void **state)
{
	static uint8_t packed[2 * KERNEL_SIZE];
	z_stream stream = {
		.next_in = kernel, .avail_in = sizeof(kernel), .next_out = packed, .avail_out = sizeof(packed)
	};

	(void)state;
	memcpy(kernel + 16, &(uint64_t){ 5000 }, 8); // image_size
	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	kernel_image = (struct model_image){ .name = "Image.gz", .data = packed, .size = stream.total_out };
	deflateEnd(&stream);
	config.kernel = model_image_source(&kernel_image);
	destroy(create(DOMID_ANY, false)->id);
	memset(packed + kernel_image.size - 4, 0, 4);
	refused(DOMID_ANY, -EBADMSG, "kernel Image.gz: corrupt, there is more in it than the 5000 bytes");
}

static void xsa_61_devices_that_cannot_be_given(void **state)
{
	static const char *const device[] = { "/no/such" };
	static const struct config_iomem uart[] = { { CONFIG_GFN_SAME, 0x9000, 1 } };
	static const struct config_iomem both[] = { { CONFIG_GFN_SAME, 0x9030, 1 }, { 0x8000, 0x9000, 1 } };
	static const uint32_t irqs[] = { 39, 33 };

	(void)state;
	config.iomem = uart;
	config.iomem_count = 1;
	refused(DOMID_ANY, -EPERM,
		"iomem 0x9000000 to 0x9000fff can't be given to the domain: it is not this control");
	config.iomem = both;
	config.iomem_count = 2;
	refused(DOMID_ANY, -EPERM, "iomem 0x9000000");
	config.iomem_count = 0;
	config.irqs = irqs;
	config.irq_count = 2;
	refused(DOMID_ANY, -EPERM, "interrupt 33 can't be given to the domain");
	config.irq_count = 0;
	config.dtdevs = device;
	config.dtdev_count = 1;
	refused(DOMID_ANY, -ENODEV, "/no/such");
}

static void a_xen_that_is_not_supported(void **state)
{
	(void)state;
	refused(DOMID_ANY, -ENOTSUP, "can't be controlled by this program, which supports 4.17 to 4.22");
}

int main(void)
{
	const struct CMUnitTest usual[] = {
		TEST(ids_out_of_range_or_in_use),
		TEST(too_little_memory),
		TEST(scmi_before_xen_4_21),
		TEST(images_that_are_wrong),
		TEST(a_gzip_that_explodes),
		TEST(xsa_61_devices_that_cannot_be_given),
	};
	const struct CMUnitTest unsupported[] = { TEST(a_xen_that_is_not_supported) };
	const struct CMUnitTest on_xen_4_22[] = { TEST(scmi_that_xen_does_not_hand_on) };
	int failed;

	options = model_defaults;
	failed = run(usual, ARRAY_SIZE(usual), start);
	failed |= run(unsupported, ARRAY_SIZE(unsupported), start_unsupported);
	options.gic_version = 3;
	options.xen_minor = 22;
	failed |= run(on_xen_4_22, ARRAY_SIZE(on_xen_4_22), start);
	return failed;
}
