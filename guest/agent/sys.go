package main

import (
	"syscall"
	"unsafe"
)

// System calls that the standard library of Go 1.19 does not wrap; the numbers are x86-64's.
const (
	sysFinitModule = 313
	sysOpenat2     = 437
	sysNewfstatat  = 262

	oPath             = 0x200000
	atSymlinkNofollow = 0x100
	resolveNoMagic    = 0x02
	resolveInRoot     = 0x10
	prSetNoNewPrivs   = 38
	prSetSeccomp      = 22
	prSetDumpable     = 4
	renameNoReplace   = 1
	sysRenameat2      = 316
	rlimitNproc       = 6
)

type openHow struct {
	flags, mode, resolve uint64
}

// openInRoot opens a path as if the folder behind root were the root of everything: links, absolute
// ones too, cannot lead out of it.
func openInRoot(root int, path string, flags int, mode uint32) (int, error) {
	name, err := syscall.BytePtrFromString(path)
	if err != nil {
		return -1, err
	}
	how := openHow{uint64(flags | syscall.O_CLOEXEC), uint64(mode), resolveInRoot | resolveNoMagic}
	for {
		fd, _, code := syscall.Syscall6(sysOpenat2, uintptr(root), uintptr(unsafe.Pointer(name)),
			uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how), 0, 0)
		switch code {
		case 0:
			return int(fd), nil
		case syscall.EINTR, syscall.EAGAIN: // EAGAIN: something was renamed meanwhile
			continue
		default:
			return -1, code
		}
	}
}

func statAt(dir int, name string, into *syscall.Stat_t) error {
	pointer, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, code := syscall.Syscall6(sysNewfstatat, uintptr(dir), uintptr(unsafe.Pointer(pointer)),
		uintptr(unsafe.Pointer(into)), atSymlinkNofollow, 0, 0)
	return orNil(code)
}

// renameAt moves a name within a folder; with renameNoReplace only to a name that is not there.
func renameAt(dir int, from, to string, flags uintptr) error {
	source, err := syscall.BytePtrFromString(from)
	if err != nil {
		return err
	}
	target, err := syscall.BytePtrFromString(to)
	if err != nil {
		return err
	}
	_, _, code := syscall.Syscall6(sysRenameat2, uintptr(dir), uintptr(unsafe.Pointer(source)),
		uintptr(dir), uintptr(unsafe.Pointer(target)), flags, 0)
	return orNil(code)
}

func orNil(code syscall.Errno) error {
	if code != 0 {
		return code
	}
	return nil
}
