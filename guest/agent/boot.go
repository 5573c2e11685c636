package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

const (
	merged    = "/merged" // the root of every tool: the image below, the overlay disk above
	cgroups   = "/sys/fs/cgroup"
	tools     = cgroups + "/tools"
	toolGroup = 1000
)

// boot sets the machine up and returns the serial port, if there is one, and the control group controllers in use.
func boot() (int, string, error) {
	for _, dir := range []string{"/proc", "/sys", "/dev", "/lower", "/upper", merged} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return 0, "", err
		}
	}
	syscall.Umask(0)
	if err := mounts(
		mount{"proc", "/proc", "proc", hardened, ""},
		mount{"sysfs", "/sys", "sysfs", hardened, ""},
		mount{"devtmpfs", "/dev", "devtmpfs", syscall.MS_NOSUID, ""},
		mount{"cgroup2", cgroups, "cgroup2", hardened, ""},
	); err != nil {
		return 0, "", err
	}
	readRole()
	onSuspend("volume", suspendVolume, func() error { return nil })
	put("/proc/self/oom_score_adj", "-1000")
	// Nothing may look into this process, whatever user it gets to be.
	syscall.RawSyscall(syscall.SYS_PRCTL, prSetDumpable, 0, 0)
	if err := loadModules("/modules"); err != nil {
		return 0, "", err
	}
	go reap()
	harden()
	raiseLoopback()
	controllers := prepareCgroups()
	prepareRoot := makeRoot
	if role == roleSigner {
		prepareRoot = mountImage // no tools, so no root of theirs
	}
	if err := prepareRoot(); err != nil {
		return 0, "", err
	}
	port, err := openChannel()
	return port, controllers, err
}

const hardened = syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC

type mount struct {
	source, target, kind string
	flags                uintptr
	data                 string
}

func mounts(all ...mount) error {
	for _, m := range all {
		if err := syscall.Mount(m.source, m.target, m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mount %s on %s: %w", m.kind, m.target, err)
		}
	}
	return nil
}

// put writes a setting of the kernel; one that this kernel does not have is skipped.
func put(path, value string) {
	if err := os.WriteFile(path, []byte(value), 0); err != nil && !os.IsNotExist(err) {
		log("%s: %v", path, err)
	}
}

func loadModules(folder string) error {
	order, err := os.ReadFile(folder + "/order")
	if err != nil {
		return err
	}
	empty := []byte{0}
	for _, name := range strings.Fields(string(order)) {
		file, err := os.Open(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		_, _, code := syscall.Syscall(sysFinitModule, file.Fd(), uintptr(unsafe.Pointer(&empty[0])), 0)
		file.Close()
		if code != 0 && code != syscall.EEXIST {
			return fmt.Errorf("module %s: %w", name, code)
		}
	}
	return nil
}

// harden closes what no tool needs. The loop of the agent's own work is over by then.
func harden() {
	for path, value := range map[string]string{
		"kernel/modules_disabled":          "1",
		"kernel/unprivileged_userns_clone": "0",
		"user/max_user_namespaces":         "0",
		"kernel/unprivileged_bpf_disabled": "1",
		"kernel/perf_event_paranoid":       "3",
		"kernel/kptr_restrict":             "2",
		"kernel/dmesg_restrict":            "1",
		"kernel/yama/ptrace_scope":         "1",
		"kernel/sysrq":                     "0",
		"kernel/core_pattern":              "|/bin/false",
		"kernel/printk":                    "1 1 1 1",
		"fs/protected_symlinks":            "1",
		"fs/protected_hardlinks":           "1",
		"fs/protected_fifos":               "2",
		"fs/protected_regular":             "2",
		"vm/panic_on_oom":                  "0",
	} {
		put("/proc/sys/"+path, value)
	}
}

// prepareCgroups makes the group of all tools. Without controllers it still serves to find and kill
// every process of a command; the limits are resource limits alone then.
func prepareCgroups() string {
	have, _ := os.ReadFile(cgroups + "/cgroup.controllers")
	var enable []string
	for _, name := range strings.Fields(string(have)) {
		if name == "memory" || name == "pids" || name == "cpu" {
			enable = append(enable, "+"+name)
		}
	}
	put(cgroups+"/cgroup.subtree_control", strings.Join(enable, " "))
	if err := os.Mkdir(tools, 0o755); err != nil {
		log("%s: %v", tools, err)
	}
	put(tools+"/cgroup.subtree_control", strings.Join(enable, " "))
	put(tools+"/pids.max", "1024")
	put(tools+"/cpu.weight", "20")
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) == nil {
		// The rest is for the agent and the kernel.
		total := uint64(info.Totalram) * uint64(info.Unit)
		reserve := total / 5
		if reserve > 128<<20 {
			reserve = 128 << 20
		}
		put(tools+"/memory.max", fmt.Sprint(total-reserve))
	}
	return strings.ReplaceAll(strings.Join(enable, " "), "+", "")
}

// disk finds a block device by the serial number the host gave it, or by its place.
func disk(serial string) (string, error) {
	inOrder := diskInOrder(commandLine(), serial)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if _, err := os.Stat(inOrder); inOrder != "" && err == nil {
			return inOrder, nil
		}
		found, _ := filepath.Glob("/sys/block/vd*")
		for _, device := range found {
			text, _ := os.ReadFile(device + "/serial")
			if strings.TrimSpace(string(text)) == serial {
				return "/dev/" + filepath.Base(device), nil
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	return "", fmt.Errorf("no disk %s", serial)
}

func mountImage() error {
	image, err := disk("choir-root")
	if err != nil {
		return err
	}
	return mounts(mount{image, "/lower", "ext4", syscall.MS_RDONLY | syscall.MS_NODEV | syscall.MS_NOSUID, ""})
}

// makeRoot joins the read-only image and the overlay disk to the root of the tools.
func makeRoot() error {
	if err := mountImage(); err != nil {
		return err
	}
	overlay, err := disk("choir-overlay")
	if err != nil {
		return err
	}
	if err := mounts(
		mount{overlay, "/upper", "ext4", syscall.MS_NODEV | syscall.MS_NOSUID | syscall.MS_NOATIME, ""},
	); err != nil {
		return err
	}
	for _, dir := range []string{"/upper/upper", "/upper/work"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	nodev := uintptr(syscall.MS_NODEV | syscall.MS_NOSUID)
	if err := mounts(
		mount{"overlay", merged, "overlay", nodev | syscall.MS_NOATIME,
			"lowerdir=/lower,upperdir=/upper/upper,workdir=/upper/work"},
		mount{"/lower/skills", merged + "/skills", "", syscall.MS_BIND, ""},
		mount{"", merged + "/skills", "", syscall.MS_BIND | syscall.MS_REMOUNT | syscall.MS_RDONLY | nodev, ""},
		mount{"proc", merged + "/proc", "proc", hardened, "hidepid=2"},
		mount{"tmpfs", merged + "/tmp", "tmpfs", nodev, "mode=1777,size=40%,nr_inodes=100k"},
		mount{"tmpfs", merged + "/dev", "tmpfs", syscall.MS_NOSUID | syscall.MS_NOEXEC, "mode=755,size=64k,nr_inodes=64"},
	); err != nil {
		return err
	}
	if err := makeDevices(merged + "/dev"); err != nil {
		return err
	}
	for _, dir := range []string{"", "/sources", "/drafts", "/reports", "/tools", "/tasks"} {
		path := merged + "/workspace" + dir
		if err := os.MkdirAll(path, 0o775); err != nil {
			return err
		}
		if err := syscall.Chown(path, toolGroup, toolGroup); err != nil {
			return err
		}
		// Set-group-id: subagents, each a user of its own, share what lies here.
		if err := syscall.Chmod(path, 0o2775); err != nil {
			return err
		}
	}
	return syscall.Sethostname([]byte("choir"))
}

// makeDevices fills the tools' own /dev: no disk, no memory, no port.
func makeDevices(dev string) error {
	for name, numbers := range map[string][2]int{
		"null": {1, 3}, "zero": {1, 5}, "full": {1, 7}, "random": {1, 8}, "urandom": {1, 9}, "tty": {5, 0},
	} {
		if err := syscall.Mknod(dev+"/"+name, syscall.S_IFCHR|0o666, numbers[0]<<8|numbers[1]); err != nil {
			return err
		}
	}
	for name, target := range map[string]string{
		"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1",
		"stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx",
	} {
		if err := os.Symlink(target, dev+"/"+name); err != nil {
			return err
		}
	}
	for _, dir := range []string{"/pts", "/shm"} {
		if err := os.Mkdir(dev+dir, 0o755); err != nil {
			return err
		}
	}
	quiet := uintptr(syscall.MS_NOSUID | syscall.MS_NOEXEC)
	return mounts(
		mount{"devpts", dev + "/pts", "devpts", quiet, "newinstance,ptmxmode=0666,mode=620"},
		mount{"tmpfs", dev + "/shm", "tmpfs", quiet | syscall.MS_NODEV, "mode=1777,size=10%"},
	)
}

func openPort() (int, error) {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		found, _ := filepath.Glob("/sys/class/virtio-ports/*")
		for _, port := range found {
			text, _ := os.ReadFile(port + "/name")
			if strings.TrimSpace(string(text)) == portName {
				device := "/dev/" + filepath.Base(port)
				return syscall.Open(device, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	return 0, fmt.Errorf("no serial port %s", portName)
}

func raiseLoopback() {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return // a kernel without a network needs no loopback
	}
	defer syscall.Close(fd)
	var request [40]byte // struct ifreq: a name of 16 bytes, then the flags
	copy(request[:], "lo")
	request[16] = syscall.IFF_UP
	if _, _, code := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS,
		uintptr(unsafe.Pointer(&request[0]))); code != 0 {
		log("loopback: %v", code)
	}
}

// stepClock follows the host where the guest's clock is off by more than a second.
func stepClock(millis int64) {
	now := time.Now().UnixMilli()
	if millis > 0 && (now-millis > 1000 || millis-now > 1000) {
		value := syscall.NsecToTimeval(millis * int64(time.Millisecond))
		if err := syscall.Settimeofday(&value); err != nil {
			log("clock: %v", err)
		}
	}
}

func powerOff() {
	flushAll()
	// The hypervisor was told to end instead of starting again.
	if err := syscall.Reboot(syscall.LINUX_REBOOT_CMD_RESTART); err != nil {
		log("reboot: %v", err)
	}
	select {}
}
