// Command xmod reads a log with the packages of the Go checksum database, golang.org/x/mod/sumdb,
// which the public formats come from: it opens the checkpoint as a note and checks the root, an
// inclusion and a consistency proof from the tiles alone.
//
//	xmod DIR VKEY OLDSIZE OLDROOT
package main

import (
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type folder string

func (folder) Height() int { return 8 }

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		// x/mod writes tile/8/L/..., the public layout has no height.
		data, err := os.ReadFile(filepath.Join(string(f), strings.Replace(t.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (folder) SaveTiles([]tlog.Tile, [][]byte) {}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	dir := os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	check(err)
	text, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	check(err)
	n, err := note.Open(text, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(n.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	tree := tlog.Tree{N: size, Hash: root}
	// TileHashReader authenticates every tile against the root before it answers.
	reader := tlog.TileHashReader(tree, folder(dir))
	again, err := tlog.TreeHash(size, reader)
	check(err)
	if again != root {
		log.Fatal("the tiles do not lead to the root")
	}
	for _, i := range []int64{0, size / 2, size - 1} {
		leaves, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, i)})
		check(err)
		proof, err := tlog.ProveRecord(size, i, reader)
		check(err)
		check(tlog.CheckRecord(proof, size, root, i, leaves[0]))
	}
	old, err := strconv.ParseInt(os.Args[3], 10, 64)
	check(err)
	raw, err := hex.DecodeString(os.Args[4])
	check(err)
	var oldRoot tlog.Hash
	copy(oldRoot[:], raw)
	proof, err := tlog.ProveTree(size, old, reader)
	check(err)
	check(tlog.CheckTree(proof, size, root, old, oldRoot))
	fmt.Println("verified", size)
}
