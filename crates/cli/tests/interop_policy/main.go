// Whether the library of podman, skopeo and CRI-O allows an image under a policy: the oracle of
// interop_containers_sigstore.rs.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/image"
	"go.podman.io/image/v5/signature"
	"go.podman.io/image/v5/types"
)

func allowed(policyFile, registries, name string) error {
	policy, err := signature.NewPolicyFromFile(policyFile)
	if err != nil {
		return err
	}
	judge, err := signature.NewPolicyContext(policy)
	if err != nil {
		return err
	}
	defer judge.Destroy()
	reference, err := docker.ParseReference("//" + name)
	if err != nil {
		return err
	}
	background := context.Background()
	source, err := reference.NewImageSource(background, &types.SystemContext{
		RegistriesDirPath:           registries,
		DockerInsecureSkipTLSVerify: types.OptionalBoolTrue,
	})
	if err != nil {
		return err
	}
	defer source.Close()
	is, err := judge.IsRunningImageAllowed(background, image.UnparsedInstance(source, nil))
	if err == nil && !is {
		err = errors.New("not allowed")
	}
	return err
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: containers-policy POLICY REGISTRIES.D IMAGE")
		os.Exit(2)
	}
	if err := allowed(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
