#!/usr/bin/env node
import "../dist/mps.js";
