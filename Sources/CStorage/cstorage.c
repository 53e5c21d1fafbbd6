#include "cstorage.h"
