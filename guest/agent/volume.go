package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// The user's encrypted volume: a disk of the host that holds LUKS2 with an ext4 file system. All of
// its programs come from the read-only image and run outside the tools' root.
const (
	volumeName   = "choir-volume"
	volumeDevice = "/dev/mapper/" + volumeName
	imageRoot    = "/lower"
	programTime  = 40 * time.Second
)

// volumeMount is where the volume lies, as this process sees it.
func volumeMount() string {
	if role == roleSigner {
		return "/volume"
	}
	return merged + "/volume"
}

// volumeSerial is the disk's serial number: a machine with a signer's volume is a signer.
func volumeSerial() string {
	if role == roleSigner {
		return "choir-signer"
	}
	return "choir-volume"
}

// volume is what the agent knows of it.
var volume struct {
	sync.Mutex
	open   bool
	locked bool // suspended: the kernel has forgotten the key, and every access waits
}

func usableVolume() *failure {
	volume.Lock()
	defer volume.Unlock()
	switch {
	case !volume.open:
		return fail("volume_closed", "the volume is not open")
	case volume.locked:
		return fail("volume_locked", "the volume is suspended; it needs its key")
	default:
		return nil
	}
}

// volumeRequest performs what concerns the volume, in a keeper where a secret is needed.
func volumeRequest(op string, body []byte, st *stream) (interface{}, *failure) {
	var failed *failure
	var result interface{}
	switch op {
	case "volume.open":
		volume.Lock()
		open := volume.open
		volume.Unlock()
		if open {
			return nil, fail("volume_open", "the volume is open already")
		}
		if failed = prepareImage(); failed != nil {
			return nil, failed
		}
		if result, failed = keep(body, st); failed == nil {
			setVolume(true, false)
		}
	case "volume.resume":
		volume.Lock()
		locked := volume.open && volume.locked
		volume.Unlock()
		if !locked {
			return nil, fail("volume_open", "the volume is not suspended")
		}
		if result, failed = keep(body, st); failed == nil {
			setVolume(true, false)
		}
	case "volume.suspend":
		failed = plainly(body, suspendVolume)
	case "volume.close":
		failed = plainly(body, closeVolume)
	case "volume.status":
		failed = plainly(body, func() error { return nil })
	default:
		return nil, fail("bad_request", "unknown operation %q", op)
	}
	if failed != nil {
		return nil, failed
	}
	if result == nil {
		result = volumeStatus()
	}
	return result, nil
}

func setVolume(open, locked bool) {
	volume.Lock()
	volume.open, volume.locked = open, locked
	volume.Unlock()
}

// plainly performs a request that has no fields and needs no secret.
func plainly(body []byte, work func() error) *failure {
	var request struct {
		Op string `json:"op"`
	}
	if err := strict(body, &request); err != nil {
		return fail("bad_request", "%v", err)
	}
	if err := work(); err != nil {
		if failed, ok := err.(*failure); ok {
			return failed
		}
		return fail(codeOf(err), "the volume: %v", err)
	}
	return nil
}

type volumeState struct {
	Open  bool   `json:"open"`
	State string `json:"state"` // closed, open, suspended
	Bytes int64  `json:"bytes"` // of the file system, 0 unless open
	Free  int64  `json:"free"`
}

func volumeStatus() volumeState {
	volume.Lock()
	open, locked := volume.open, volume.locked
	volume.Unlock()
	switch {
	case !open:
		return volumeState{State: "closed"}
	case locked:
		return volumeState{Open: true, State: "suspended"}
	}
	var stat syscall.Statfs_t
	if err := syscall.Statfs(volumeMount(), &stat); err != nil {
		log("volume: %v", err)
	}
	return volumeState{true, "open", int64(stat.Blocks) * stat.Bsize, int64(stat.Bavail) * stat.Bsize}
}

// prepareImage gives the programs of the image what they need to reach the kernel, once.
func prepareImage() *failure {
	if _, err := os.Stat(imageRoot + "/dev/mapper"); err == nil {
		return nil
	}
	if err := mounts(
		mount{"/dev", imageRoot + "/dev", "", syscall.MS_BIND, ""},
		mount{"/proc", imageRoot + "/proc", "", syscall.MS_BIND, ""},
		mount{"/sys", imageRoot + "/sys", "", syscall.MS_BIND, ""},
		mount{"tmpfs", imageRoot + "/run", "tmpfs", hardened, "mode=700,size=1m"},
	); err != nil {
		return fail("agent_error", "%v", err)
	}
	return nil
}

// program runs a program of the image to its end.
func program(stdin []byte, argv ...string) (int, string, error) {
	var in, out [2]int
	if err := syscall.Pipe2(in[:], syscall.O_CLOEXEC); err != nil {
		return 0, "", err
	}
	if err := syscall.Pipe2(out[:], syscall.O_CLOEXEC); err != nil {
		closeAll(in[:])
		return 0, "", err
	}
	pid, exit, err := start(argv[0], argv, &syscall.ProcAttr{
		Dir:   "/",
		Env:   []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "DM_DISABLE_UDEV=1"},
		Files: []uintptr{uintptr(in[0]), uintptr(out[1]), uintptr(out[1])},
		Sys:   &syscall.SysProcAttr{Setsid: true, Chroot: imageRoot},
	})
	closeAll([]int{in[0], out[1]})
	to, from := os.NewFile(uintptr(in[1]), "in"), pollable(out[0])
	defer from.Close()
	if err != nil {
		to.Close()
		return 0, "", fmt.Errorf("%s: %w", argv[0], err)
	}
	// A secret is far smaller than a pipe holds; a program that does not read it ends without it.
	to.Write(stdin)
	to.Close()
	kill := time.AfterFunc(programTime, func() { syscall.Kill(pid, syscall.SIGKILL) })
	defer kill.Stop()
	var text bytes.Buffer
	chunk := make([]byte, 4096)
	for {
		n, err := from.Read(chunk)
		if room := 2000 - text.Len(); n > 0 && room > 0 {
			if n < room {
				room = n
			}
			text.Write(chunk[:room])
		}
		if err != nil {
			break
		}
	}
	status := <-exit
	if status.Signaled() {
		return -1, text.String(), fmt.Errorf("%s ended by signal %d", argv[0], status.Signal())
	}
	return status.ExitStatus(), strings.TrimSpace(text.String()), nil
}

// must runs a program that has to succeed.
func must(stdin []byte, argv ...string) error {
	code, text, err := program(stdin, argv...)
	if err != nil {
		return err
	}
	if code != 0 {
		return fmt.Errorf("%s: status %d: %s", argv[0], code, text)
	}
	return nil
}

type openRequest struct {
	Op     string `json:"op"`
	Format bool   `json:"format"` // a new volume: whatever the disk held is gone
	Check  bool   `json:"check"`  // read the whole file system for errors
}

// openVolume makes or opens the volume and mounts it. A disk that has grown is used whole.
func openVolume(body, secret []byte) (interface{}, *failure) {
	var request openRequest
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "volume.open: %v", err)
	}
	device, err := disk(volumeSerial())
	if err != nil {
		return nil, fail("no_volume", "this VM has no volume: %v", err)
	}
	if request.Format {
		// The key is random: stretching it would only cost time.
		if err := must(secret, "/sbin/cryptsetup", "luksFormat", "--batch-mode", "--type", "luks2",
			"--cipher", "aes-xts-plain64", "--key-size", "512", "--hash", "sha256",
			"--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000",
			"--luks2-metadata-size", "16k", "--luks2-keyslots-size", "512k",
			"--disable-locks", "--key-file", "-", "--keyfile-size", fmt.Sprint(secretBytes), device); err != nil {
			return nil, fail("volume_damaged", "cannot format the volume: %v", err)
		}
	}
	if failed := unlock(device, secret); failed != nil {
		return nil, failed
	}
	if failed := mountVolume(request); failed != nil {
		if err := must(nil, "/sbin/cryptsetup", "close", "--disable-locks", volumeName); err != nil {
			log("volume: %v", err)
		}
		return nil, failed
	}
	setVolume(true, false) // of this process, for the answer
	return volumeStatus(), nil
}

func unlock(device string, secret []byte) *failure {
	// Without the keyring: the mapping is the only place of the kernel that has the key.
	code, text, err := program(secret, "/sbin/cryptsetup", "open", "--type", "luks2", "--disable-keyring",
		"--disable-locks", "--key-file", "-", "--keyfile-size", fmt.Sprint(secretBytes), device, volumeName)
	return cryptsetupFailure(code, text, err)
}

// cryptsetupFailure reads the exit status as cryptsetup(8) lists it.
func cryptsetupFailure(code int, text string, err error) *failure {
	switch {
	case err != nil:
		return fail("agent_error", "%v", err)
	case code == 0:
		return nil
	case code == 2:
		return fail("wrong_volume_key", "the key does not open this volume")
	case code == 1 || code == 4:
		return fail("volume_damaged", "the disk holds no volume: %s", text)
	default:
		return fail("agent_error", "cryptsetup: status %d: %s", code, text)
	}
}

func mountVolume(request openRequest) *failure {
	if request.Format {
		if err := must(nil, "/sbin/mkfs.ext4", "-q", "-F", "-m", "0", "-L", "choir-volume",
			"-E", "root_owner=1000:1000", volumeDevice); err != nil {
			return fail("volume_damaged", "cannot make a file system: %v", err)
		}
	}
	// Replays the journal after a crash; mends what needs no decision.
	if code, text, err := program(nil, "/sbin/e2fsck", "-p", volumeDevice); err != nil || code > 1 {
		return fail("volume_damaged", "the volume's file system: %s (%v)", text, err)
	}
	if request.Check {
		if code, text, err := program(nil, "/sbin/e2fsck", "-f", "-n", volumeDevice); err != nil || code != 0 {
			return fail("volume_damaged", "the volume's file system: %s (%v)", text, err)
		}
	}
	if failed := fillDisk(); failed != nil {
		return failed
	}
	at := volumeMount()
	if err := os.MkdirAll(at, 0o755); err != nil {
		return fail(codeOf(err), "%s: %v", at, err)
	}
	flags := uintptr(syscall.MS_NODEV | syscall.MS_NOSUID | syscall.MS_NOATIME)
	if err := mounts(mount{volumeDevice, at, "ext4", flags, ""}); err != nil {
		return fail("volume_damaged", "%v", err)
	}
	if request.Format {
		if err := settle(at); err != nil {
			return fail(codeOf(err), "%v", err)
		}
	}
	return nil
}

// fillDisk makes the file system as large as its disk. One of the right size is left alone at once;
// one that is to grow must have been read whole before.
func fillDisk() *failure {
	code, text, err := program(nil, "/sbin/resize2fs", volumeDevice)
	if err == nil && code == 0 {
		return nil
	}
	if code, text, err = program(nil, "/sbin/e2fsck", "-f", "-p", volumeDevice); err == nil && code <= 1 {
		code, text, err = program(nil, "/sbin/resize2fs", volumeDevice)
	}
	if err != nil || code != 0 {
		return fail("volume_damaged", "the volume does not grow: %s (%v)", text, err)
	}
	return nil
}

// settle gives a new volume to whom it is for.
func settle(at string) error {
	owner, mode := toolGroup, uint32(0o2775)
	if role == roleSigner {
		owner, mode = 0, 0o700
	}
	if err := os.Chown(at, owner, owner); err != nil {
		return err
	}
	return syscall.Chmod(at, mode)
}

// suspendVolume flushes the volume and makes the kernel forget its key. A volume that is not open,
// or suspended already, needs nothing.
func suspendVolume() error {
	keeperMutex.Lock()
	defer keeperMutex.Unlock()
	volume.Lock()
	defer volume.Unlock()
	if !volume.open || volume.locked {
		return nil
	}
	if err := must(nil, "/sbin/cryptsetup", "luksSuspend", "--disable-locks", volumeName); err != nil {
		return err
	}
	volume.locked = true
	return nil
}

func resumeVolume(body, secret []byte) (interface{}, *failure) {
	var request struct {
		Op string `json:"op"`
	}
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "volume.resume: %v", err)
	}
	code, text, err := program(secret, "/sbin/cryptsetup", "luksResume", "--disable-keyring",
		"--disable-locks", "--key-file", "-", "--keyfile-size", fmt.Sprint(secretBytes), volumeName)
	if failed := cryptsetupFailure(code, text, err); failed != nil {
		return nil, failed
	}
	setVolume(true, false) // of this process, for the answer
	return volumeStatus(), nil
}

func closeVolume() error {
	if failed := usableVolume(); failed != nil {
		return failed
	}
	if err := syscall.Unmount(volumeMount(), 0); err != nil {
		return fail("volume_busy", "the volume is in use: %v", err)
	}
	if err := must(nil, "/sbin/cryptsetup", "close", "--disable-locks", volumeName); err != nil {
		return err
	}
	setVolume(false, false)
	return nil
}

// flushAll writes everything out before the machine ends. While the volume is suspended nothing
// waits to be written there, and asking for it would wait for a key that no longer comes.
func flushAll() {
	volume.Lock()
	locked := volume.locked
	volume.Unlock()
	if !locked {
		syscall.Sync()
	}
}
