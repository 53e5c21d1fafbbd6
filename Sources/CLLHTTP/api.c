#include "/usr/share/llhttp/api.c"  // compiled from the system package
