// llhttp as Debian's node-llhttp ships it: C sources under /usr/share, compiled by the files beside this folder.
#ifndef LLHTTP_STRICT_MODE
#define LLHTTP_STRICT_MODE 1
#endif
#include "/usr/share/include/llhttp/llhttp.h"
