#include "/usr/share/llhttp/http.c"  // compiled from the system package
