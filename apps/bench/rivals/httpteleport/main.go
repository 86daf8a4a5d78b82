package main

import _ "github.com/valyala/httpteleport"

func main() {}
