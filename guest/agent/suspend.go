package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	entropyBytes      = 64
	freezeTime        = 5 * time.Second
	ioctlFreeze       = 0xc0045877 // FIFREEZE
	ioctlThaw         = 0xc0045878 // FITHAW
	ioctlAddEntropy   = 0x40085203 // RNDADDENTROPY
	ioctlReseed       = 0x5207     // RNDRESEEDCRNG
	generationAtFirst = 1
)

// The machine's memory may be written to a disk and go on from there, more than once. Between
// prepare and restored no tool runs, nothing is written and no request is taken: what goes on from a
// snapshot does nothing with random numbers, a clock or keys that its siblings have too.
var (
	suspended  int32 // 1 from prepare on
	generation = generationAtFirst
	overlayFD  = -1 // of the frozen file system
)

type prepared struct {
	Generation int    `json:"generation"`
	Problem    string `json:"problem,omitempty"` // then nothing has changed
}

type restored struct {
	Generation int    `json:"generation"`
	TimeNanos  int64  `json:"timeNanos"`
	Entropy    []byte `json:"entropy"`
}

type ack struct {
	Generation int    `json:"generation"`
	Reseeded   bool   `json:"reseeded"`
	StepMillis int64  `json:"stepMillis"` // by how much the clock was put forward
	Token      string `json:"token"`
	Problem    string `json:"problem,omitempty"`
}

func isSuspended() bool { return atomic.LoadInt32(&suspended) == 1 }

// prepare makes the machine ready to be stopped: tools frozen, secrets away, disks written. If a step
// fails those before it are undone.
func prepare() prepared {
	if !atomic.CompareAndSwapInt32(&suspended, 0, 1) {
		return prepared{generation, "it is prepared already"}
	}
	if err := quiesce(); err != nil {
		atomic.StoreInt32(&suspended, 0)
		return prepared{generation, err.Error()}
	}
	return prepared{generation, ""}
}

func quiesce() error {
	if err := freezeTools(true); err != nil {
		put(tools+"/cgroup.freeze", "0")
		return err
	}
	if err := beforeSuspend(); err != nil {
		put(tools+"/cgroup.freeze", "0")
		return err
	}
	flushAll()
	if err := freezeOverlay(); err != nil {
		afterSuspend()
		put(tools+"/cgroup.freeze", "0")
		return err
	}
	return nil
}

// wake undoes prepare: the machine was not stopped after all, or it has what a restore needs.
func wake() {
	thawOverlay()
	afterSuspend()
	if err := freezeTools(false); err != nil {
		log("%v", err)
	}
	atomic.StoreInt32(&suspended, 0)
}

func freezeTools(freeze bool) error {
	if _, err := os.Stat(tools); os.IsNotExist(err) {
		return nil // a machine that runs none
	}
	value, wanted := "0", int64(0)
	if freeze {
		value, wanted = "1", 1
	}
	if err := os.WriteFile(tools+"/cgroup.freeze", []byte(value), 0); err != nil {
		return fmt.Errorf("freezing the tools: %w", err)
	}
	for deadline := time.Now().Add(freezeTime); time.Now().Before(deadline); {
		if counter(tools+"/cgroup.events", "frozen") == wanted {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("the tools do not freeze")
}

// freezeOverlay writes the overlay's file system out and holds every later write back, so that the
// disk alone is sound too.
func freezeOverlay() error {
	fd, err := syscall.Open("/upper", syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err == syscall.ENOENT {
		return nil // a machine without one
	}
	if err != nil {
		return fmt.Errorf("the overlay: %w", err)
	}
	if _, _, code := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), ioctlFreeze, 0); code != 0 {
		syscall.Close(fd)
		if code == syscall.EOPNOTSUPP {
			return nil // nothing is mounted there
		}
		return fmt.Errorf("freezing the overlay: %w", code)
	}
	overlayFD = fd
	return nil
}

func thawOverlay() {
	if overlayFD < 0 {
		return
	}
	if _, _, code := syscall.Syscall(syscall.SYS_IOCTL, uintptr(overlayFD), ioctlThaw, 0); code != 0 {
		log("thawing the overlay: %v", code)
	}
	syscall.Close(overlayFD)
	overlayFD = -1
}

// restore gives a machine that goes on from a snapshot what makes it a new one, then lets it run.
// Whatever is refused leaves it frozen, for the host to end it.
func restore(order restored) ack {
	refuse := func(format string, values ...interface{}) ack {
		return ack{Generation: generation, Problem: fmt.Sprintf(format, values...)}
	}
	if !isSuspended() {
		return refuse("it was not prepared")
	}
	if order.Generation <= generation {
		return refuse("generation %d after %d", order.Generation, generation)
	}
	if len(order.Entropy) != entropyBytes {
		return refuse("%d bytes of entropy", len(order.Entropy))
	}
	if err := reseed(order.Entropy); err != nil {
		return refuse("reseeding: %v", err)
	}
	step := order.TimeNanos - time.Now().UnixNano()
	now := syscall.NsecToTimeval(order.TimeNanos)
	if err := syscall.Settimeofday(&now); err != nil {
		return refuse("setting the clock: %v", err)
	}
	// The snapshot's token is known to all that came from it.
	fresh := make([]byte, tokenBytes)
	if _, err := rand.Read(fresh); err != nil {
		return refuse("random numbers: %v", err)
	}
	generation = order.Generation
	wake()
	return ack{generation, true, step / int64(time.Millisecond), hex.EncodeToString(fresh), ""}
}

// reseed mixes bytes into the kernel's pool, credits them, and makes its generator use them at once.
func reseed(entropy []byte) error {
	fd, err := syscall.Open("/dev/urandom", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	var pool struct { // struct rand_pool_info
		bits, bytes int32
		data        [entropyBytes]byte
	}
	pool.bits, pool.bytes = entropyBytes*8, entropyBytes
	copy(pool.data[:], entropy)
	if _, _, code := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), ioctlAddEntropy,
		uintptr(unsafe.Pointer(&pool))); code != 0 {
		return code
	}
	if _, _, code := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), ioctlReseed, 0); code != 0 {
		return code
	}
	return nil
}

// bootID is the kernel's own; machines from one snapshot share it, only the generation differs.
func bootID() string {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text))
}
