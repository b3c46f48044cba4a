"""The version of logparse."""

VERSION = "0.6.0"
