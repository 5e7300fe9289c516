// Writes a database of Trivy's layout: nested buckets in a bbolt file.
//
// Standard input has a line for each value, [["bucket", "bucket", "key"], value], as JSON. The argument is the
// file.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	bolt "go.etcd.io/bbolt"
)

type entry struct {
	path  []string
	value json.RawMessage
}

func (e *entry) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&e.path, &e.value})
}

func put(tx *bolt.Tx, one entry) error {
	last := len(one.path) - 1
	bucket, err := tx.CreateBucketIfNotExists([]byte(one.path[0]))
	for _, name := range one.path[1:last] {
		if err != nil {
			return err
		}
		bucket, err = bucket.CreateBucketIfNotExists([]byte(name))
	}
	if err != nil {
		return err
	}
	return bucket.Put([]byte(one.path[last]), one.value)
}

func main() {
	db, err := bolt.Open(os.Args[1], 0o600, nil)
	if err != nil {
		log.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		in := json.NewDecoder(os.Stdin)
		for {
			var one entry
			if err := in.Decode(&one); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if err := put(tx, one); err != nil {
				return err
			}
		}
	})
	if err = errors.Join(err, db.Close()); err != nil {
		log.Fatal(err)
	}
}
