// Package utils, where the trusted root is a file: Sigstore's repository cannot be asked from a test.
package utils

import (
	"errors"
	"os"

	sigstoreRoot "github.com/sigstore/sigstore-go/pkg/root"
	sigstoreTUF "github.com/sigstore/sigstore-go/pkg/tuf"
)

// SigstoreTUFClient is what keys are asked of.
type SigstoreTUFClient interface {
	GetTarget(target string) ([]byte, error)
}

// GetDefaultSigstoreTUFClient says that there is none.
func GetDefaultSigstoreTUFClient() (*sigstoreTUF.Client, error) {
	return nil, errors.New("no repository is asked")
}

// GetSigstoreTrustedRoot reads the file that SIGSTORE_TRUSTED_ROOT names.
func GetSigstoreTrustedRoot() (*sigstoreRoot.LiveTrustedRoot, error) {
	trusted, err := sigstoreRoot.NewTrustedRootFromPath(os.Getenv("SIGSTORE_TRUSTED_ROOT"))
	if err != nil {
		return nil, err
	}
	return &sigstoreRoot.LiveTrustedRoot{TrustedRoot: trusted}, nil
}
