/* SPDX-License-Identifier: MIT */
#include "settings.h"

struct settings settings;
