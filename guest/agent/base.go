package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
)

const baseAbsent = "absent"

func badBase(base string) bool {
	if base == "" || base == baseAbsent {
		return false
	}
	sum, err := hex.DecodeString(base)
	return err != nil || len(sum) != sha256.Size
}

// One write with a base at a time, so that of two with the same base one finds it stale.
var baseMutex sync.Mutex

// replace gives a finished file its name if what has that name now is what the writer knew. A tool
// that writes into the old file in the moment between the look and the rename loses its write.
func replace(target *place, temporary, base string) *failure {
	var flags uintptr
	switch base {
	case "":
	case baseAbsent:
		flags = renameNoReplace
	default:
		baseMutex.Lock()
		defer baseMutex.Unlock()
		current, failed := currentDigest(target)
		if failed != nil {
			return failed
		}
		if current != base {
			return conflict(target.at, current)
		}
	}
	err := renameAt(target.dir, temporary, target.name, flags)
	if err == syscall.EEXIST && base == baseAbsent {
		current, failed := currentDigest(target)
		if failed != nil {
			return failed
		}
		return conflict(target.at, current)
	}
	if err != nil {
		return failPath(target.at, err)
	}
	return nil
}

// conflict is a write whose base is stale; the digest tells what is there now.
func conflict(at, current string) *failure {
	failed := fail("conflict", "%s has changed: it is %s now", at, current)
	failed.Digest = current
	return failed
}

// currentDigest is what lies at a place now: a digest, "absent", or "" if it is no file.
func currentDigest(target *place) (string, *failure) {
	var info syscall.Stat_t
	err := statAt(target.dir, target.name, &info)
	if err == syscall.ENOENT {
		return baseAbsent, nil
	}
	if err != nil {
		return "", failPath(target.at, err)
	}
	if info.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return "", regular(target.at, &info)
	}
	// It is known to be a file; should a pipe take its place meanwhile, this does not wait for it.
	fd, err := openAt(target.dir, target.name, syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK)
	if err != nil {
		return "", failPath(target.at, err)
	}
	file := os.NewFile(uintptr(fd), target.at)
	defer file.Close()
	if err := syscall.Fstat(fd, &info); err != nil {
		return "", failPath(target.at, err)
	}
	if failed := regular(target.at, &info); failed != nil {
		return "", failed
	}
	sum := sha256.New()
	// A file that grows while it is read has an end here nevertheless.
	if _, err := io.Copy(sum, io.LimitReader(file, info.Size)); err != nil {
		return "", failPath(target.at, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

type appendRequest struct {
	Op     string `json:"op"`
	Path   string `json:"path"`
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
}

// appendFile adds to a file whose size must be the offset; if that fails it is as long as before.
func appendFile(body []byte, st *stream) (interface{}, *failure) {
	var request appendRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "append: %v", err)
	}
	if request.Offset < 0 || request.Size < 0 {
		return nil, fail("bad_request", "append of %d bytes at %d", request.Size, request.Offset)
	}
	target, failed := find(request.Path, writable, nil)
	if failed != nil {
		return nil, failed
	}
	defer target.close()
	if failed := target.guard(); failed != nil {
		return nil, failed
	}
	handle, err := openAt(target.dir, target.name, oPath|syscall.O_NOFOLLOW)
	if err != nil {
		return nil, failPath(request.Path, err)
	}
	defer syscall.Close(handle)
	var info syscall.Stat_t
	if err := syscall.Fstat(handle, &info); err != nil {
		return nil, failPath(request.Path, err)
	}
	if failed := regular(request.Path, &info); failed != nil {
		return nil, failed
	}
	// A second name may lie where the host must not write.
	if info.Nlink != 1 {
		return nil, fail("permission_denied", "%s has %d names", request.Path, info.Nlink)
	}
	if info.Size != request.Offset {
		return nil, fail("conflict", "%s has %d bytes, not %d", request.Path, info.Size, request.Offset)
	}
	file, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", handle), os.O_WRONLY, 0)
	if err != nil {
		return nil, failPath(request.Path, err)
	}
	defer file.Close()
	if _, err := file.Seek(request.Offset, io.SeekStart); err != nil {
		return nil, failPath(request.Path, err)
	}
	if failed := receiveInto(file, request.Path, request.Size, st); failed != nil {
		if err := file.Truncate(request.Offset); err != nil {
			log("%s: %v", request.Path, err)
		}
		return nil, failed
	}
	return nothing{}, nil
}
