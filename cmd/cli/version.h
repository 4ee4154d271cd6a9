/* The version that configure.ac states. */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

#include "config.h"

#define AI_VERSION PACKAGE_VERSION

#endif
