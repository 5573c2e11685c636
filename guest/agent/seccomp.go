package main

import (
	"syscall"
	"unsafe"
)

// The filter of system calls under which every tool runs. It takes away what no research needs and
// where the kernel's faults mostly lie; what remains is bounded by the user, the control group and
// the machine itself. Numbers and layouts are x86-64's (linux/seccomp.h, linux/filter.h).
const (
	bpfLoad  = 0x20 // A = the 32 bits at an offset of struct seccomp_data
	bpfEqual = 0x15
	bpfBits  = 0x45 // A has any of these bits
	bpfAbove = 0x35 // A >= k
	bpfMask  = 0x54 // A &= k
	bpfEnd   = 0x06

	seccompAllow = 0x7fff0000
	seccompErrno = 0x00050000
	seccompKill  = 0x80000000

	dataNumber   = 0
	dataArch     = 4
	archX86      = 0xc000003e
	numbersOfX32 = 0x40000000

	namespaces = syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUSER |
		syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | 0x02000000 /* CLONE_NEWCGROUP */
	pushInput = 0x5412 // TIOCSTI: types into somebody's terminal
	linuxTTY  = 0x541c // TIOCLINUX
)

// refused are system calls that fail with EPERM whatever their arguments.
var refused = []uint32{
	134, 156, 153, 154, 155, 159, 161, /* uselib _sysctl vhangup modify_ldt pivot_root adjtimex chroot */
	163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173, /* acct settimeofday mount umount2 swapon swapoff reboot sethostname setdomainname iopl ioperm */
	103, 174, 175, 176, 177, 178, 179, 180, /* syslog create_module init_module delete_module get_kernel_syms query_module quotactl nfsservctl */
	212, 227, 246, 248, 249, 250, 272, /* lookup_dcookie clock_settime kexec_load add_key request_key keyctl unshare */
	298, 300, 303, 304, 305, 308, 310, 311, 312, 313, /* perf_event_open fanotify_init name_to_handle_at open_by_handle_at clock_adjtime setns process_vm_readv process_vm_writev kcmp finit_module */
	320, 321, 323, 428, 429, 430, 431, 432, 433, /* kexec_file_load bpf userfaultfd open_tree move_mount fsopen fsconfig fsmount fspick */
	438, 440, 442, 443, /* pidfd_getfd process_madvise mount_setattr quotactl_fd */
}

// absent are system calls that this machine claims not to have, so that libraries take another way.
var absent = []uint32{425, 426, 427 /* io_uring_setup _enter _register */, 435 /* clone3: its flags cannot be seen */}

// argument is the offset of the lower half of an argument.
func argument(n uint32) uint32 { return 16 + 8*n }

func errno(code syscall.Errno) uint32 { return seccompErrno | uint32(code) }

// filter assembles the program.
func filter() []syscall.SockFilter {
	op := func(code uint16, yes, no uint8, k uint32) syscall.SockFilter {
		return syscall.SockFilter{Code: code, Jt: yes, Jf: no, K: k}
	}
	program := []syscall.SockFilter{
		op(bpfLoad, 0, 0, dataArch),
		op(bpfEqual, 1, 0, archX86),
		op(bpfEnd, 0, 0, seccompKill),
		op(bpfLoad, 0, 0, dataNumber),
		op(bpfAbove, 0, 1, numbersOfX32),
		op(bpfEnd, 0, 0, errno(syscall.ENOSYS)),
	}
	// One system call: its own little program, jumped over by all others.
	rule := func(number uint32, body ...syscall.SockFilter) {
		program = append(program, op(bpfEqual, 0, uint8(len(body)), number))
		program = append(program, body...)
	}
	allow, deny := op(bpfEnd, 0, 0, seccompAllow), op(bpfEnd, 0, 0, errno(syscall.EPERM))
	rule(syscall.SYS_CLONE, op(bpfLoad, 0, 0, argument(0)), op(bpfBits, 0, 1, namespaces), deny, allow)
	// A program may trace the children it starts for that, never one that already runs.
	rule(syscall.SYS_PTRACE, op(bpfLoad, 0, 0, argument(0)), op(bpfEqual, 1, 0, syscall.PTRACE_ATTACH),
		op(bpfEqual, 0, 1, 0x4206 /* PTRACE_SEIZE */), deny, allow)
	rule(syscall.SYS_IOCTL, op(bpfLoad, 0, 0, argument(1)), op(bpfEqual, 1, 0, pushInput),
		op(bpfEqual, 0, 1, linuxTTY), deny, allow)
	for number, mode := range map[uint32]uint32{syscall.SYS_MKNOD: 1, syscall.SYS_MKNODAT: 2} {
		rule(number, op(bpfLoad, 0, 0, argument(mode)), op(bpfMask, 0, 0, syscall.S_IFMT),
			op(bpfEqual, 1, 0, syscall.S_IFCHR), op(bpfEqual, 0, 1, syscall.S_IFBLK), deny, allow)
	}
	rule(syscall.SYS_SOCKET, op(bpfLoad, 0, 0, argument(0)),
		op(bpfEqual, 4, 0, syscall.AF_UNIX), op(bpfEqual, 3, 0, syscall.AF_INET),
		op(bpfEqual, 2, 0, syscall.AF_INET6), op(bpfEqual, 1, 0, syscall.AF_NETLINK),
		op(bpfEnd, 0, 0, errno(syscall.EAFNOSUPPORT)), allow)
	for _, number := range refused {
		rule(number, deny)
	}
	for _, number := range absent {
		rule(number, op(bpfEnd, 0, 0, errno(syscall.ENOSYS)))
	}
	return append(program, allow)
}

// installFilter puts this thread, and what it becomes, under the filter.
func installFilter() error {
	program := filter()
	list := syscall.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, code := syscall.RawSyscall(syscall.SYS_PRCTL, prSetSeccomp, 2, uintptr(unsafe.Pointer(&list)))
	return orNil(code)
}
