package main

import (
	"fmt"
	"syscall"
	"unsafe"
)

const (
	ioctlUnlockTerminal = 0x40045431 // TIOCSPTLCK
	ioctlTerminalPeer   = 0x5441     // TIOCGPTPEER
	ioctlTerminalSize   = 0x5414     // TIOCSWINSZ
	terminalSideMax     = 2000
)

type terminalSize struct {
	Columns int `json:"columns"`
	Rows    int `json:"rows"`
}

func (t *terminalSize) possible() bool {
	return t.Columns > 0 && t.Columns <= terminalSideMax && t.Rows > 0 && t.Rows <= terminalSideMax
}

// openTerminal makes a pseudo terminal among the tools' own: the end that the agent holds, and the
// one that a command gets.
func openTerminal(size *terminalSize, uid int) (master, slave int, err error) {
	master, err = syscall.Open(merged+"/dev/pts/ptmx", syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1, -1, fmt.Errorf("terminal: %w", err)
	}
	var locked int32
	_, _, code := syscall.Syscall(syscall.SYS_IOCTL, uintptr(master), ioctlUnlockTerminal,
		uintptr(unsafe.Pointer(&locked)))
	if code == 0 {
		var fd uintptr
		fd, _, code = syscall.Syscall(syscall.SYS_IOCTL, uintptr(master), ioctlTerminalPeer,
			syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC)
		slave = int(fd)
	}
	if code != 0 {
		syscall.Close(master)
		return -1, -1, fmt.Errorf("terminal: %w", code)
	}
	if err = syscall.Fchown(slave, uid, toolGroup); err == nil {
		err = resizeTerminal(master, size)
	}
	if err != nil {
		closeAll([]int{master, slave})
		return -1, -1, fmt.Errorf("terminal: %w", err)
	}
	return master, slave, nil
}

// resizeTerminal sets a terminal's size; the kernel tells the commands in its foreground.
func resizeTerminal(fd int, size *terminalSize) error {
	window := [4]uint16{uint16(size.Rows), uint16(size.Columns), 0, 0}
	_, _, code := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), ioctlTerminalSize,
		uintptr(unsafe.Pointer(&window[0])))
	return orNil(code)
}
