// SPDX-License-Identifier: Apache-2.0
// Many WebSocket clients in one thread: crowd PORT PATH SOCKETS SECONDS rate N | window N
//
// The first socket sends messages and every socket, also the first, must get all of them, in order and whole: each frame is
// read and compared. `rate` sends so many a second; `window` sends the next one as soon as fewer than so many are not with
// everybody. Prints `connected`, waits for a line, prints the figures as JSON, and holds its sockets until another line.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PAYLOAD = 200, FRAME = PAYLOAD + 4, STAMPS = 1 << 20, STEP = 100000, STEPS = 200000, OPENING = 200 };

struct peer {
    int descriptor;
    uint32_t next;
    uint16_t held;
    uint8_t part[FRAME];
};

static struct peer *peers;
static int count, epoll;
static int64_t *stamps;
static uint32_t *arrived;
static uint32_t *latencies;
static uint32_t sent, complete;
static uint64_t deliveries;
static int64_t greatest;
static uint8_t input[1 << 18], filler[PAYLOAD];

static void fail(const char *what) {
    fprintf(stderr, "crowd: %s (%s)\n", what, strerror(errno));
    exit(1);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int begin(int port) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    if (descriptor < 0) fail("socket");
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) fail("connect");
    return descriptor;
}

// Opens all of them, a few at a time.
static void shake_hands(int port, const char *path) {
    char request[512];
    int length = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, port);
    int opened = 0, ready = 0;
    while (ready < count) {
        while (opened < count && opened - ready < OPENING) {
            struct peer *peer = &peers[opened];
            peer->descriptor = begin(port);
            struct epoll_event event = {.events = EPOLLOUT, .data.u32 = opened++};
            epoll_ctl(epoll, EPOLL_CTL_ADD, peer->descriptor, &event);
        }
        struct epoll_event events[OPENING];
        int found = epoll_wait(epoll, events, OPENING, 60000);
        if (found <= 0) fail("nobody answers a handshake");
        for (int i = 0; i < found; i++) {
            struct peer *peer = &peers[events[i].data.u32];
            if (events[i].events & EPOLLOUT) {
                if (send(peer->descriptor, request, length, MSG_NOSIGNAL) != length) fail("a handshake does not leave");
                events[i].events = EPOLLIN;
                epoll_ctl(epoll, EPOLL_CTL_MOD, peer->descriptor, &events[i]);
                continue;
            }
            // The head comes byte by byte, so that no frame is taken with it.
            char byte;
            while (recv(peer->descriptor, &byte, 1, 0) == 1) {
                static const char wanted[] = "HTTP/1.1 101";
                if (peer->next < sizeof wanted - 1 && byte != wanted[peer->next]) fail("a handshake was refused");
                peer->next++;
                peer->held = byte == "\r\n\r\n"[peer->held] ? peer->held + 1 : byte == '\r';
                if (peer->held < 4) continue;
                peer->next = peer->held = 0;
                ready++;
                break;
            }
        }
    }
}

static void check(struct peer *peer, const uint8_t *frame, int64_t time) {
    uint32_t number = 0;
    if (frame[0] != 0x81 || frame[1] != 126 || frame[2] != PAYLOAD >> 8 || frame[3] != (PAYLOAD & 255)) fail("no such frame");
    for (int i = 4; i < 12; i++) number = number << 4 | (frame[i] <= '9' ? frame[i] - '0' : frame[i] - 'a' + 10);
    if (number != peer->next) fail("out of order");
    if (memcmp(frame + 12, filler + 8, PAYLOAD - 8)) fail("changed");
    peer->next++;
    deliveries++;
    int64_t latency = time - stamps[number % STAMPS];
    if (latency > greatest) greatest = latency;
    latencies[latency / STEP < STEPS ? latency / STEP : STEPS - 1]++;
    arrived[number % STAMPS]++;
    while (complete < sent && arrived[complete % STAMPS] == (uint32_t)count) arrived[complete++ % STAMPS] = 0;
}

static void take(struct peer *peer) {
    for (;;) {
        memcpy(input, peer->part, peer->held);
        ssize_t got = recv(peer->descriptor, input + peer->held, sizeof input - FRAME, 0);
        if (got == 0) fail("the server ended a connection");
        if (got < 0) {
            if (errno == EAGAIN) return;
            fail("a connection broke");
        }
        int64_t time = now();
        size_t end = peer->held + got, start = 0;
        for (; end - start >= FRAME; start += FRAME) check(peer, input + start, time);
        peer->held = end - start;
        memcpy(peer->part, input + start, peer->held);
        if ((size_t)got < sizeof input - FRAME) return;
    }
}

// Masked with zeros, which is a mask like any other.
static void say(void) {
    uint8_t frame[FRAME + 4] = {0x81, 0x80 | 126, PAYLOAD >> 8, PAYLOAD & 255};
    memcpy(frame + 8, filler, PAYLOAD);
    char number[9];
    snprintf(number, sizeof number, "%08x", sent);
    memcpy(frame + 8, number, 8);
    stamps[sent++ % STAMPS] = now();
    if (send(peers[0].descriptor, frame, sizeof frame, MSG_NOSIGNAL) != sizeof frame) fail("a message does not leave");
}

static double percentile(double share) {
    uint64_t wanted = deliveries * share, seen = 0;
    for (int step = 0; step < STEPS; step++) {
        seen += latencies[step];
        if (seen > wanted) return (step + 1) * (STEP / 1e6);
    }
    return greatest / 1e6;
}

static void run(double seconds, int rate, int window) {
    struct epoll_event events[1024];
    int64_t start = now(), end = start + seconds * 1e9, last = end;
    while (complete < sent || now() < end) {
        int64_t time = now();
        if (time > end + 30000000000LL) fail("messages are missing");
        if (rate) {
            while (time < end && time >= start + sent * (1000000000LL / rate)) say();
        } else {
            while (time < end && sent - complete < (uint32_t)window) say();
        }
        int found = epoll_wait(epoll, events, 1024, 1);
        for (int i = 0; i < found; i++) take(&peers[events[i].data.u32]);
        if (complete == sent) last = now();
    }
    printf("{\"messages\": %u, \"deliveries\": %llu, \"seconds\": %.3f, \"p50_ms\": %.1f, \"p99_ms\": %.1f, \"most_ms\": %.1f}\n",
        sent, (unsigned long long)deliveries, (last - start) / 1e9, percentile(0.5), percentile(0.99), greatest / 1e6);
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 7) return 64;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    count = atoi(argv[3]);
    peers = calloc(count, sizeof *peers);
    stamps = calloc(STAMPS, sizeof *stamps);
    arrived = calloc(STAMPS, sizeof *arrived);
    latencies = calloc(STEPS, sizeof *latencies);
    memset(filler, 'x', sizeof filler);
    epoll = epoll_create1(0);
    shake_hands(atoi(argv[1]), argv[2]);
    printf("connected\n");
    fflush(stdout);
    if (getchar() != '\n') return 1;
    int value = atoi(argv[6]);
    if (!strcmp(argv[5], "rate")) run(atof(argv[4]), value, 0);
    else run(atof(argv[4]), 0, value);
    getchar();
    return 0;
}
