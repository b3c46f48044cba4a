"""The version of logparse."""

VERSION = "0.7.0"
