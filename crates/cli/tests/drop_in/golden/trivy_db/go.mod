module peer

go 1.24

require go.etcd.io/bbolt v1.4.3
