package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"syscall"
)

const (
	keyLabel  = "choir signing key 1"
	signLabel = "choir signature 1"
)

var contextForm = regexp.MustCompile(`^[a-z0-9][a-z0-9./_-]{0,63}$`)

// keyFile is what lies on the signer's volume: the private key sealed once more under a key derived
// from the volume's secret, so that not even the page cache of an open volume holds it.
type keyFile struct {
	Public []byte `json:"public"`
	Nonce  []byte `json:"nonce"`
	Sealed []byte `json:"sealed"`
}

func keyPath() string { return volumeMount() + "/signing-key.json" }

type keyResult struct {
	Public []byte `json:"public"`
}

// makeKey makes the user's private key; it never leaves this function but sealed.
func makeKey(body, secret []byte) (interface{}, *failure) {
	var request struct {
		Op string `json:"op"`
	}
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "key.make: %v", err)
	}
	if _, err := os.Lstat(keyPath()); err == nil {
		return nil, fail("key_exists", "this volume has a signing key already")
	}
	seed, err := freshSeed()
	if err != nil {
		return nil, fail("agent_error", "%v", err)
	}
	defer wipe(seed)
	private := ed25519.NewKeyFromSeed(seed)
	defer wipe(private)
	public := append([]byte{}, private[ed25519.SeedSize:]...)
	nonce := make([]byte, 12)
	if _, err := rand.Read(nonce); err != nil {
		return nil, fail("agent_error", "%v", err)
	}
	sealing := derive(secret, []byte(keyLabel))
	defer wipe(sealing)
	text, err := json.Marshal(keyFile{public, nonce, gcm(sealing).Seal(nil, nonce, seed, public)})
	if err != nil {
		return nil, fail("agent_error", "%v", err)
	}
	if err := writeDurably(keyPath(), append(text, '\n')); err != nil {
		return nil, fail(codeOf(err), "the key file: %v", err)
	}
	return keyResult{public}, nil
}

// writeDurably returns when the disk has the file under its name.
func writeDurably(path string, content []byte) error {
	out, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	if err == nil {
		err = out.Sync()
	}
	out.Close()
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return err
	}
	folder, err := os.Open(volumeMount())
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

func readKeyFile() (*keyFile, *failure) {
	text, err := os.ReadFile(keyPath())
	if errors.Is(err, syscall.ENOENT) {
		return nil, fail("no_signing_key", "this volume has no signing key")
	}
	var file keyFile
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err == nil && (len(file.Public) != ed25519.PublicKeySize || len(file.Nonce) != 12) {
		err = errors.New("not a key file")
	}
	if err != nil {
		return nil, fail("signing_key_damaged", "the key file: %v", err)
	}
	return &file, nil
}

// publicKey needs no secret.
func publicKey(body []byte) (interface{}, *failure) {
	var request struct {
		Op string `json:"op"`
	}
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "key.public: %v", err)
	}
	if failed := usableVolume(); failed != nil {
		return nil, failed
	}
	file, failed := readKeyFile()
	if failed != nil {
		return nil, failed
	}
	return keyResult{file.Public}, nil
}

type signature struct {
	Public    []byte `json:"public"`
	Signature []byte `json:"signature"`
}

// signedBytes is what a signature is over: who reads it knows what for and how it was made.
// The bare form is for the digests of another system's transactions, which that system wants signed
// with nothing before them; see bareDigest.
func signedBytes(context, form string, message []byte) []byte {
	if form == "bare" {
		return message
	}
	return append([]byte(signLabel+"\n"+context+"\n"+form+"\n"), message...)
}

// bareDigest says whether a message may be signed with nothing before it: 32 bytes that cannot be
// the beginning of what is signed in any other form.
func bareDigest(message []byte) bool {
	return len(message) == 32 && !strings.HasPrefix(string(message), signLabel)
}

// sign makes one signature.
func sign(body, secret, message []byte) (interface{}, *failure) {
	var request struct {
		Op      string `json:"op"`
		Context string `json:"context"`
		Form    string `json:"form"`
	}
	if err := strict(body, &request); err != nil {
		return nil, fail("bad_request", "sign: %v", err)
	}
	if !contextForm.MatchString(request.Context) {
		return nil, fail("bad_request", "%q is no context of a signature", request.Context)
	}
	switch {
	case request.Form == "sha256" && len(message) == 32:
	case request.Form == "bytes" && len(message) <= messageMax:
	case request.Form == "bare" && bareDigest(message):
	default:
		return nil, fail("bad_request", "a message of the form %q with %d bytes", request.Form, len(message))
	}
	file, failed := readKeyFile()
	if failed != nil {
		return nil, failed
	}
	seed, err := openSealed(derive(secret, []byte(keyLabel)), file.Nonce, file.Sealed, file.Public)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fail("signing_key_damaged", "the sealed key does not open")
	}
	defer wipe(seed)
	private := ed25519.NewKeyFromSeed(seed)
	defer wipe(private)
	made := ed25519.Sign(private, signedBytes(request.Context, request.Form, message))
	// A fault in the arithmetic would give the key away.
	if !ed25519.Verify(file.Public, signedBytes(request.Context, request.Form, message), made) {
		return nil, fail("signing_key_damaged", "the signature does not verify")
	}
	beforeForgetting(request.Context)
	return signature{file.Public, made}, nil
}
