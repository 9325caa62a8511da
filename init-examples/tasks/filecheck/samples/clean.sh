#!/bin/sh
echo "clean: an interpreter, executable, no tabs"
