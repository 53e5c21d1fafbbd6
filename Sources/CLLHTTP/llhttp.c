#include "/usr/share/llhttp/llhttp.c"  // compiled from the system package
