package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"syscall"
)

type readRequest struct {
	Op     string `json:"op"`
	Path   string `json:"path"`
	Offset int64  `json:"offset"`
	Limit  int64  `json:"limit"`
}

type readResult struct {
	Bytes int64 `json:"bytes"`
}

func readFile(body []byte, st *stream) (interface{}, *failure) {
	var request readRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "read: %v", err)
	}
	if request.Offset < 0 || request.Limit < 0 {
		return nil, fail("bad_request", "read from %d, %d bytes", request.Offset, request.Limit)
	}
	if failed := checkPath(request.Path); failed != nil {
		return nil, failed
	}
	root, err := rootFolder()
	if err != nil {
		return nil, failPath(request.Path, err)
	}
	defer syscall.Close(root)
	// First a handle that opens nothing: a FIFO would block, a device would act.
	handle, err := openInRoot(root, request.Path, oPath, 0)
	if err != nil {
		return nil, failPath(request.Path, err)
	}
	defer syscall.Close(handle)
	if !readable(where(handle)) {
		return nil, fail("permission_denied", "%s is outside of what the host may read", request.Path)
	}
	var info syscall.Stat_t
	if err := syscall.Fstat(handle, &info); err != nil {
		return nil, failPath(request.Path, err)
	}
	if failed := regular(request.Path, &info); failed != nil {
		return nil, failed
	}
	file, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", handle))
	if err != nil {
		return nil, failPath(request.Path, err)
	}
	defer file.Close()
	result := readResult{}
	buffer := make([]byte, chunkBytes)
	for result.Bytes < request.Limit {
		want := request.Limit - result.Bytes
		if want > chunkBytes {
			want = chunkBytes
		}
		n, err := file.ReadAt(buffer[:want], request.Offset+result.Bytes)
		if n > 0 {
			if err := st.send(channelMain, buffer[:n]); err != nil {
				return nil, fail("cancelled", "%s", request.Path)
			}
			result.Bytes += int64(n)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, failPath(request.Path, err)
		}
	}
	return result, nil
}

func regular(at string, info *syscall.Stat_t) *failure {
	switch info.Mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		return nil
	case syscall.S_IFDIR:
		return fail("is_directory", "%s is a directory", at)
	default:
		return fail("not_regular", "%s is a %s, not a file", at, kindOf(info.Mode))
	}
}

func kindOf(mode uint32) string {
	switch mode & syscall.S_IFMT {
	case syscall.S_IFIFO:
		return "pipe"
	case syscall.S_IFSOCK:
		return "socket"
	case syscall.S_IFLNK:
		return "link"
	default:
		return "device"
	}
}

type writeRequest struct {
	Op   string `json:"op"`
	Path string `json:"path"`
	Size int64  `json:"size"`
	UID  int    `json:"uid"`
	Mode int    `json:"mode"`
	// Base is what must be there for the write to happen: "" anything, "absent", or a SHA-256 in hex.
	Base string `json:"base"`
}

type nothing struct{}

func writeFile(body []byte, st *stream) (interface{}, *failure) {
	var request writeRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "write: %v", err)
	}
	if request.Size < 0 || badOwner(request.UID, request.Mode) || badBase(request.Base) {
		return nil, fail("bad_request", "write of %d bytes for user %d with mode %o", request.Size, request.UID, request.Mode)
	}
	target, failed := find(request.Path, writable, folderOf(request.UID))
	if failed != nil {
		return nil, failed
	}
	defer target.close()
	if failed := target.guard(); failed != nil {
		return nil, failed
	}
	var info syscall.Stat_t
	if err := statAt(target.dir, target.name, &info); err == nil {
		if info.Mode&syscall.S_IFMT != syscall.S_IFLNK {
			if failed := regular(request.Path, &info); failed != nil {
				return nil, failed
			}
		}
	} else if err != syscall.ENOENT {
		return nil, failPath(request.Path, err)
	}
	if failed := writeNew(target, &request, st); failed != nil {
		return nil, failed
	}
	return nothing{}, nil
}

func badOwner(uid, mode int) bool {
	return uid < toolUIDMin || uid > toolUIDMax || mode < 0 || mode > 0o777
}

// folderOf is how a missing parent is made: shared with the tools' group.
func folderOf(uid int) *ownership { return &ownership{uid, 0o2775} }

func writeNew(target *place, request *writeRequest, st *stream) *failure {
	random := make([]byte, 8)
	if _, err := rand.Read(random); err != nil {
		return fail("agent_error", "%v", err)
	}
	temporary := ".choir-" + hex.EncodeToString(random)
	fd, err := syscall.Openat(target.dir, temporary,
		syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return failPath(request.Path, err)
	}
	file := os.NewFile(uintptr(fd), temporary)
	failed := fill(file, request, st)
	if err := file.Close(); err != nil && failed == nil {
		failed = failPath(request.Path, err)
	}
	if failed == nil {
		failed = replace(target, temporary, request.Base)
	}
	if failed != nil {
		syscall.Unlinkat(target.dir, temporary)
	}
	return failed
}

// receiveInto writes what the host sends; it must be as long as announced.
func receiveInto(file *os.File, at string, size int64, st *stream) *failure {
	var total int64
	for {
		data, err := st.receive()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fail("cancelled", "%s", at)
		}
		if total += int64(len(data)); total > size {
			return fail("bad_request", "%s: more than the %d bytes announced", at, size)
		}
		if _, err := file.Write(data); err != nil {
			return failPath(at, err)
		}
	}
	if total != size {
		return fail("bad_request", "%s: %d bytes of the %d announced", at, total, size)
	}
	return nil
}

func fill(file *os.File, request *writeRequest, st *stream) *failure {
	if failed := receiveInto(file, request.Path, request.Size, st); failed != nil {
		return failed
	}
	if err := file.Chown(request.UID, toolGroup); err != nil {
		return failPath(request.Path, err)
	}
	if err := syscall.Fchmod(int(file.Fd()), uint32(request.Mode)); err != nil {
		return failPath(request.Path, err)
	}
	return nil
}

type pathRequest struct {
	Op   string `json:"op"`
	Path string `json:"path"`
}

type mkdirRequest struct {
	Op   string `json:"op"`
	Path string `json:"path"`
	UID  int    `json:"uid"`
	Mode int    `json:"mode"`
}

func makeDirectory(body []byte) (interface{}, *failure) {
	var request mkdirRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "mkdir: %v", err)
	}
	if badOwner(request.UID, request.Mode) {
		return nil, fail("bad_request", "mkdir for user %d with mode %o", request.UID, request.Mode)
	}
	target, failed := find(request.Path, writable, folderOf(request.UID))
	if failed != nil {
		return nil, failed
	}
	defer target.close()
	var info syscall.Stat_t
	if err := statAt(target.dir, target.name, &info); err == nil {
		if info.Mode&syscall.S_IFMT == syscall.S_IFDIR {
			return nothing{}, nil
		}
		return nil, fail("not_a_directory", "%s is there and is not a directory", request.Path)
	}
	if failed := target.makeHere(&ownership{request.UID, request.Mode | 0o2000}); failed != nil {
		return nil, failed
	}
	return nothing{}, nil
}

func deleteFile(body []byte) (interface{}, *failure) {
	var request pathRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "delete: %v", err)
	}
	target, failed := find(request.Path, writable, nil)
	if failed != nil {
		return nil, failed
	}
	defer target.close()
	if failed := target.guard(); failed != nil {
		return nil, failed
	}
	var info syscall.Stat_t
	if err := statAt(target.dir, target.name, &info); err != nil {
		return nil, failPath(request.Path, err)
	}
	// It walks by open folders and never follows a link.
	if err := os.RemoveAll(fmt.Sprintf("/proc/self/fd/%d/%s", target.dir, target.name)); err != nil {
		return nil, failPath(request.Path, err)
	}
	return nothing{}, nil
}
