module plimsoll.example/titles

go 1.19

require golang.org/x/net v0.0.0-20210226172049-e18ecbb05110
