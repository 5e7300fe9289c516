// The transit engine of Vault, as it is, behind the lines of HTTP that a client of it sees: tokens
// with rights, mounts, and the frames of answers.
//
//	vault-transit ADDRESS TOKEN READER
//
// TOKEN may do anything, READER may read keys. The engine is mounted at transit and at team/sign.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/vault/builtin/logical/transit"
	"github.com/hashicorp/vault/sdk/logical"
)

type mount struct {
	backend logical.Backend
	storage logical.Storage
}

func newMount() (*mount, error) {
	storage := &logical.InmemStorage{}
	view := &logical.StaticSystemView{DefaultLeaseTTLVal: time.Hour, MaxLeaseTTLVal: time.Hour}
	backend, err := transit.Factory(context.Background(), &logical.BackendConfig{
		Logger: hclog.NewNullLogger(), StorageView: storage, System: view,
		Config: map[string]string{},
	})
	return &mount{backend, storage}, err
}

func refuse(w http.ResponseWriter, status int, reasons ...string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": append([]string{}, reasons...)})
}

func (m *mount) serve(w http.ResponseWriter, r *http.Request, path string) {
	request := &logical.Request{Path: path, Storage: m.storage, Operation: logical.ReadOperation}
	if r.Method != http.MethodGet {
		request.Operation = logical.UpdateOperation
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
		decoder.UseNumber()
		_ = decoder.Decode(&request.Data)
	}
	response, err := m.backend.HandleRequest(r.Context(), request)
	switch {
	case response != nil && response.IsError():
		refuse(w, http.StatusBadRequest, response.Error().Error())
	case err != nil:
		refuse(w, http.StatusInternalServerError, err.Error())
	case response == nil && request.Operation == logical.ReadOperation:
		refuse(w, http.StatusNotFound)
	case response == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"data": response.Data})
	}
}

func main() {
	address, token, reader := os.Args[1], os.Args[2], os.Args[3]
	mounts := map[string]*mount{"transit/": nil, "team/sign/": nil}
	for name := range mounts {
		made, err := newMount()
		if err != nil {
			log.Fatal(err)
		}
		mounts[name] = made
	}
	http.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		path := strings.TrimPrefix(r.URL.Path, "/v1/")
		given := r.Header.Get("X-Vault-Token")
		mayRead := given == reader && r.Method == http.MethodGet
		if given != token && !mayRead {
			refuse(w, http.StatusForbidden, "permission denied")
			return
		}
		for name, mount := range mounts {
			if rest, found := strings.CutPrefix(path, name); found {
				mount.serve(w, r, rest)
				return
			}
		}
		refuse(w, http.StatusNotFound, "no handler for route \""+path+"\"")
	})
	log.Fatal(http.ListenAndServe(address, nil))
}
