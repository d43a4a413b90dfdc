#!/usr/bin/env node
import "../dist/mp-keygen.js";
