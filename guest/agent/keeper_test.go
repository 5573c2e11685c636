package main

import (
	"bytes"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"testing"
)

// sealFor is what the host does.
func sealFor(t *testing.T, public, plain []byte) []byte {
	t.Helper()
	curve := elliptic.P256()
	secret, x, y, err := elliptic.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	mine := elliptic.Marshal(curve, x, y)
	px, py := elliptic.Unmarshal(curve, public)
	shared, _ := curve.ScalarMult(px, py, secret)
	key := derive(pad(shared), append(append([]byte(boxLabel), public...), mine...))
	return append(mine, gcm(key).Seal(nil, make([]byte, 12), plain, nil)...)
}

func TestDerivesAsRfc5869Case3(t *testing.T) {
	got := hex.EncodeToString(derive(bytes.Repeat([]byte{0x0b}, 22), nil))
	if want := "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

func TestOpensWhatWasSealedForItAndNothingElse(t *testing.T) {
	mine, _ := newBox()
	other, _ := newBox()
	sealed := sealFor(t, mine.public, []byte("secret"))
	if _, err := other.open(sealed); err == nil {
		t.Error("another keeper opened it")
	}
	if plain, err := mine.open(sealed); err != nil || string(plain) != "secret" {
		t.Errorf("%q, %v", plain, err)
	}
	if _, err := mine.open(sealed); err == nil {
		t.Error("the private key was still there")
	}
	for _, bad := range [][]byte{nil, sealed[:64], make([]byte, 100), sealed[:len(sealed)-1]} {
		fresh, _ := newBox()
		if _, err := fresh.open(bad); err == nil {
			t.Errorf("%d bytes opened", len(bad))
		}
	}
}

func TestASignerDoesNothingButSign(t *testing.T) {
	all := []string{"exec", "attach", "read", "write", "list", "stat", "delete", "mkdir", "dial", "", "signs", "keys"}
	for _, op := range all {
		if permitted(roleSigner, op) {
			t.Errorf("a signer does %q", op)
		}
	}
	for _, op := range []string{"sign", "key.make", "key.public", "volume.open", "volume.suspend"} {
		if !permitted(roleSigner, op) {
			t.Errorf("a signer does not %q", op)
		}
	}
}

func TestAMachineOfToolsHoldsNoKeys(t *testing.T) {
	for _, op := range []string{"sign", "key.make", "key.public"} {
		if permitted(roleRun, op) {
			t.Errorf("it does %q", op)
		}
	}
	if !permitted(roleRun, "exec") || !permitted(roleRun, "volume.open") {
		t.Error("it does too little")
	}
	if permitted("Signer", "exec") || permitted("", "sign") {
		t.Error("an unknown role does something")
	}
}

func TestTheKernelsCommandLineFixesTheRole(t *testing.T) {
	for line, want := range map[string]string{
		"quiet rdinit=/init":               roleRun,
		"quiet choir.role=signer panic=1":  roleSigner,
		"choir.role=signer choir.role=run": roleSigner,
		"xchoir.role=signer":               roleRun,
	} {
		if got := roleOf(line); got != want {
			t.Errorf("%q: %s", line, got)
		}
	}
}

func TestAPartIsRefusedBeforeMemoryIsTakenForIt(t *testing.T) {
	if _, err := readPart(strings.NewReader("\xff\xff\xff\xff"), 100); err == nil {
		t.Error("4 GiB were accepted")
	}
	if _, err := readPart(strings.NewReader("\x00\x00\x00\x09short"), 100); err == nil {
		t.Error("a part that is cut off was accepted")
	}
}

func TestASignaturesContextCannotRunIntoItsMessage(t *testing.T) {
	for _, bad := range []string{"", "a\nb", "A", "a b", "/a", strings.Repeat("a", 65), "é"} {
		if contextForm.MatchString(bad) {
			t.Errorf("%q is a context", bad)
		}
	}
	a := signedBytes("a", "bytes", []byte("sha256\nx"))
	b := signedBytes("a", "sha256", []byte("x"))
	if bytes.Equal(a, b) {
		t.Error("two messages are one")
	}
}

func TestWhatIsSignedBareIsNeverWhatIsSignedWithItsContext(t *testing.T) {
	bare := bytes.Repeat([]byte{7}, 32)
	if !bareDigest(bare) || !bytes.Equal(signedBytes("sui/v1", "bare", bare), bare) {
		t.Error("a digest of 32 bytes is not signed as it is")
	}
	// Six bytes with a context of one letter make exactly 32.
	short := signedBytes("a", "bytes", []byte("forged"))
	if len(short) != 32 || bareDigest(short) {
		t.Error("a signature with a context could be had as a bare one")
	}
	if bareDigest(bare[:31]) || bareDigest(append(bare, 7)) {
		t.Error("a message that is no digest is signed as it is")
	}
}

func TestCryptsetupsStatusBecomesACode(t *testing.T) {
	for status, code := range map[int]string{1: "volume_damaged", 2: "wrong_volume_key", 3: "agent_error", 4: "volume_damaged"} {
		if got := cryptsetupFailure(status, "", nil); got == nil || got.Code != code {
			t.Errorf("%d: %v", status, got)
		}
	}
	if cryptsetupFailure(0, "", nil) != nil {
		t.Error("0 is a failure")
	}
}

func TestAFailedHookUndoesThoseBefore(t *testing.T) {
	defer func(hooks []suspendHook) { suspendHooks = hooks }(suspendHooks)
	suspendHooks = nil
	var did []string
	note := func(what string, err error) func() error {
		return func() error { did = append(did, what); return err }
	}
	onSuspend("a", note("a-", nil), note("-a", nil))
	onSuspend("b", note("b-", nil), note("-b", nil))
	onSuspend("c", note("c-", errCancelled), note("-c", nil))
	if err := beforeSuspend(); err == nil {
		t.Error("no failure")
	}
	if got := strings.Join(did, " "); got != "a- b- c- -b -a" {
		t.Error(got)
	}
}
