module transit

go 1.25.0

require (
	github.com/hashicorp/go-hclog v1.6.3
	github.com/hashicorp/vault v1.19.5
	github.com/hashicorp/vault/sdk v0.15.2
)
