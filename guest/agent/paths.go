package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"syscall"
)

// codeOf maps an error of the kernel to the code the host knows.
func codeOf(err error) string {
	var code syscall.Errno
	if !errors.As(err, &code) {
		return "agent_error"
	}
	switch code {
	case syscall.ENOENT:
		return "file_not_found"
	case syscall.EACCES, syscall.EPERM, syscall.EROFS:
		return "permission_denied"
	case syscall.EISDIR:
		return "is_directory"
	case syscall.ENOTDIR:
		return "not_a_directory"
	case syscall.ENOSPC, syscall.EDQUOT:
		return "no_space"
	case syscall.ENOEXEC, syscall.E2BIG:
		return "bad_request"
	case syscall.ENAMETOOLONG:
		return "name_too_long"
	case syscall.EFBIG:
		return "too_large"
	case syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM:
		return "guest_busy"
	case syscall.ELOOP, syscall.EINVAL, syscall.EXDEV, syscall.ENXIO:
		return "invalid_path"
	default:
		return "agent_error"
	}
}

func failPath(at string, err error) *failure {
	var code syscall.Errno
	errors.As(err, &code)
	return fail(codeOf(err), "%s: %v", at, code)
}

const pathMax = 4000

// checkPath refuses what is not a plain absolute path before the kernel sees it.
func checkPath(at string) *failure {
	if !strings.HasPrefix(at, "/") || strings.IndexByte(at, 0) >= 0 {
		return fail("invalid_path", "%.200q is not an absolute path", at)
	}
	if len(at) > pathMax {
		return fail("name_too_long", "a path of %d bytes", len(at))
	}
	for _, part := range strings.Split(at, "/") {
		if part == ".." {
			return fail("invalid_path", "%q contains ..", at)
		}
	}
	return nil
}

// place is an open folder of the guest and a name in it. Holding the folder means that what was
// checked is what is used, whatever tools rename meanwhile.
type place struct {
	dir  int
	name string // "." for the folder itself
	at   string
}

func (p *place) close() { syscall.Close(p.dir) }

func rootFolder() (int, error) {
	return syscall.Open(merged, oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
}

// where tells the real place of an open file below the tools' root.
func where(fd int) string {
	target, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil || !strings.HasPrefix(target+"/", merged+"/") {
		return ""
	}
	return path.Clean("/" + strings.TrimPrefix(target, merged))
}

func below(at string, folders ...string) bool {
	for _, folder := range folders {
		if at == folder || strings.HasPrefix(at, folder+"/") {
			return true
		}
	}
	return false
}

func readable(at string) bool { return at != "" && !below(at, "/proc", "/sys", "/dev") }

func writable(at string) bool { return below(at, "/workspace", "/tmp") }

// find opens the folder of a path; allowed judges where the links on the way have led. With an owner
// missing folders are made.
func find(at string, allowed func(string) bool, owner *ownership) (*place, *failure) {
	if failed := checkPath(at); failed != nil {
		return nil, failed
	}
	clean := path.Clean(at)
	root, err := rootFolder()
	if err != nil {
		return nil, failPath(at, err)
	}
	defer syscall.Close(root)
	folder, name := path.Split(clean)
	if clean == "/" {
		folder, name = "/", "."
	}
	dir, err := openInRoot(root, folder, oPath|syscall.O_DIRECTORY, 0)
	if err == syscall.ENOENT && owner != nil {
		parent, failed := find(path.Clean(folder), allowed, owner)
		if failed != nil {
			return nil, failed
		}
		failed = parent.makeHere(owner)
		parent.close()
		if failed != nil {
			return nil, failed
		}
		dir, err = openInRoot(root, folder, oPath|syscall.O_DIRECTORY, 0)
	}
	if err != nil {
		return nil, failPath(at, err)
	}
	if real := where(dir); !allowed(real) && !allowed(path.Join(real, name)) {
		syscall.Close(dir)
		return nil, fail("permission_denied", "%s is outside of what the host may use", at)
	}
	return &place{dir, name, at}, nil
}

type ownership struct{ uid, mode int }

// makeHere makes the folder this place names, unless it is there.
func (p *place) makeHere(owner *ownership) *failure {
	if failed := p.guard(); failed != nil {
		return failed
	}
	err := syscall.Mkdirat(p.dir, p.name, 0o700)
	if err == syscall.EEXIST {
		return nil
	}
	if err != nil {
		return failPath(p.at, err)
	}
	fd, err := openAt(p.dir, p.name, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW)
	if err != nil {
		return failPath(p.at, err)
	}
	defer syscall.Close(fd)
	if err := syscall.Fchown(fd, owner.uid, toolGroup); err != nil {
		return failPath(p.at, err)
	}
	if err := syscall.Fchmod(fd, uint32(owner.mode)); err != nil {
		return failPath(p.at, err)
	}
	return nil
}

// guard refuses a change of anything but what lies in the writable folders.
func (p *place) guard() *failure {
	if !writable(where(p.dir)) {
		return fail("permission_denied", "%s: only what lies in /workspace and /tmp can be changed", p.at)
	}
	return nil
}

func openAt(dir int, name string, flags int) (int, error) {
	return syscall.Openat(dir, name, flags|syscall.O_CLOEXEC, 0)
}
