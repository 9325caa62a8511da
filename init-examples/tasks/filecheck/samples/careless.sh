#!/bin/sh
	echo "a tab before, a space behind, not executable" 
