// Command titles prints the titles of the HTML on its standard input.
package main

import (
	"fmt"
	"os"

	"golang.org/x/net/html"
)

func main() {
	document, err := html.Parse(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	printTitles(document)
}

func printTitles(node *html.Node) {
	if node.Type == html.ElementNode && node.Data == "title" && node.FirstChild != nil {
		fmt.Println(node.FirstChild.Data)
	}
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		printTitles(child)
	}
}
