/**
 * @file
 * The library for C and for every language that calls C. It is frpx/frpx.hpp under other names:
 * what a function does, who may call it and how long it may block is said there.
 *
 * Functions that return `int` return 0 or one of `frpx_code`. Texts are UTF-8 and end with a zero
 * byte; those that are given to a callback live as long as the call. Objects that are returned are
 * freed by their `_free`, once.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What went wrong; the numbers do not change. */
enum frpx_code {
  FRPX_OK = 0,                 /**< Nothing. */
  FRPX_BAD_ARGUMENT = 1,       /**< An argument is not of the form that is asked for. */
  FRPX_UNREACHABLE = 2,        /**< The server cannot be found or connected to. */
  FRPX_TIMED_OUT = 3,          /**< The time that was given is over. */
  FRPX_UNEXPECTED_ANSWER = 4,  /**< What the server said is no answer to the question. */
  FRPX_PORT_NOT_ALLOWED = 5,   /**< The server does not give this port, or not with this token. */
  FRPX_PORT_OCCUPIED = 6,      /**< The outer port is taken. */
  FRPX_SERVER_ERROR = 7,       /**< The server cannot do it now; or there is no memory. */
  FRPX_ALREADY_REGISTERED = 8, /**< This client holds that outer port. */
  FRPX_NO_PORT = 9,            /**< The server has no free port. */
  FRPX_TUNNEL_ENDED = 10,      /**< The server, or the network, has ended the tunnel. */
  FRPX_CANCELLED = 11,         /**< It was cancelled. */
  FRPX_CANNOT_LISTEN = 12,     /**< The address cannot be bound. */
  FRPX_ALREADY_RUNNING = 13,   /**< The server runs. */
  FRPX_NOT_RUNNING = 14,       /**< The server does not run. */
  FRPX_NOTHING_TO_ABORT = 15,  /**< There is no such visitor or tunnel. */
  FRPX_TOKEN_REFUSED = 16      /**< The server asks for a token, and this is not it. */
};

/** When a hook is called. */
enum frpx_event {
  FRPX_TUNNEL_CREATED = 0,   /**< A tunnel was opened. */
  FRPX_TUNNEL_DESTROYED = 1, /**< A tunnel and its last visitor have gone. */
  FRPX_USER_COMING = 2,      /**< A visitor has come. */
  FRPX_USER_LEAVING = 3,     /**< A visitor leaves. */
  FRPX_USER_TO_TUNNEL = 4,   /**< Bytes of a visitor are on their way. */
  FRPX_TUNNEL_TO_USER = 5    /**< Bytes of the service are on their way. */
};

/** How much a line of the log matters. */
enum frpx_log_level {
  FRPX_LOG_DEBUG = 0,   /**< What happens all the time. */
  FRPX_LOG_INFO = 1,    /**< What an operator likes to know. */
  FRPX_LOG_WARNING = 2, /**< What somebody else did wrong. */
  FRPX_LOG_ERROR = 3    /**< What is wrong here. */
};

/** An embedded server. */
typedef struct frpx_server frpx_server;
/** An embedded client. */
typedef struct frpx_client frpx_client;
/** A service that was registered. */
typedef struct frpx_entry frpx_entry;
/** What a hook is about; lives as long as its call. */
typedef struct frpx_context frpx_context;

/** What is registered, and how much of it is served; a limit of 0 is none. */
typedef struct frpx_registration {
  uint16_t outer_port;      /**< The public port. */
  const char* inner_addr;   /**< The inner service, as `127.0.0.1:22` or `:22`. */
  const char* name;         /**< For discovery; may be null. */
  const char* message;      /**< For discovery; may be null. */
  uint32_t max_serve_time;  /**< Seconds. */
  uint32_t max_serve_conn;  /**< Visitors at once. */
  uint32_t max_serve_count; /**< Visitors in all. */
} frpx_registration;

/** A service as discovery shows it. Times are milliseconds since 1970. */
typedef struct frpx_service_info {
  uint16_t port;          /**< The outer port. */
  const char* name;       /**< As registered. */
  const char* message;    /**< As registered. */
  int64_t birth;          /**< When it was registered. */
  int64_t deadline;       /**< When it ends. */
  uint32_t online;        /**< Visitors now. */
  uint32_t capacity;      /**< Visitors at once. */
  uint32_t already_serve; /**< Visitors so far. */
  uint32_t total_serve;   /**< Visitors in all. */
} frpx_service_info;

/** Gets each line of a log. */
typedef void (*frpx_logger)(int level, const char* line, void* user);
/** A hook. Anything but 0 ends what it is about: the visitor, or the tunnel. */
typedef int (*frpx_hook)(frpx_context* context, void* user);
/** Gets each service that was found. */
typedef void (*frpx_service_callback)(const frpx_service_info* service, void* user);

/** One sentence for a code; lives for ever. */
const char* frpx_explain(int code);

/** A server; `token` may be null. Null when there is no memory. */
frpx_server* frpx_server_new(const char* token);
/** Stops and frees it; null is allowed. */
void frpx_server_free(frpx_server* server);
/** Gives the ports from `from` to `to`. FRPX_BAD_ARGUMENT for an invalid range. */
int frpx_server_add_ports(frpx_server* server, uint16_t from, uint16_t to);
/** Before the start; a null logger is silence. */
void frpx_server_set_logger(frpx_server* server, frpx_logger to, void* user);
/** Before the start: sets the hook for one `frpx_event`. FRPX_BAD_ARGUMENT for another number. */
int frpx_server_on(frpx_server* server, int event, frpx_hook call, void* user);
/** Listens and returns. */
int frpx_server_start(frpx_server* server, const char* address);
/** Listens, and returns once it was stopped. */
int frpx_server_run(frpx_server* server, const char* address);
/** Ends all tunnels. */
void frpx_server_stop(frpx_server* server);
/** The port it listens on; 0 while it does not run. */
uint16_t frpx_server_port(const frpx_server* server);

/** The service, for as long as the hook's call. */
void frpx_context_service_info(frpx_context* context, frpx_service_info* into);
/** The visitor's address, for as long as the hook's call; so the next three. */
const char* frpx_context_user_remote_address(frpx_context* context);
/** Where the visitor connected to. */
const char* frpx_context_user_local_address(frpx_context* context);
/** The address of the client that serves the tunnel. */
const char* frpx_context_inner_remote_address(frpx_context* context);
/** Our end of that client's connection. */
const char* frpx_context_inner_local_address(frpx_context* context);
/** The bytes on their way, which may be changed in place; `size` gets how many. */
uint8_t* frpx_context_data(frpx_context* context, size_t* size);
/** Keeps a pointer under that name as long as the tunnel lives; what it points to is not touched.
 */
int frpx_context_put_value(frpx_context* context, const char* name, void* value);
/** What was put last; null if nothing was. */
void* frpx_context_get_value(frpx_context* context, const char* name);
/** Ends the visitor. */
int frpx_context_abort_user(frpx_context* context);
/** Ends the tunnel. */
int frpx_context_abort_tunnel(frpx_context* context);

/** A client; `token` may be null; `reconnect` is 0 or 1. Null when there is no memory. */
frpx_client* frpx_client_new(const char* server_address, const char* token, int reconnect);
/** Ends all tunnels and frees it; entries stay, ended. Null is allowed. */
void frpx_client_free(frpx_client* client);
/** A null logger is silence. */
void frpx_client_set_logger(frpx_client* client, frpx_logger to, void* user);
/** Puts the free ports into `ports`; `count` is how many fit there, and gets how many there are. */
int frpx_client_available_ports(frpx_client* client, uint32_t timeout_ms, uint16_t* ports,
                                size_t* count);
/** One of them at random. */
int frpx_client_any_port(frpx_client* client, uint32_t timeout_ms, uint16_t* port);
/** Calls `found` for each service whose name begins with `prefix`, which may be null. */
int frpx_client_active_services(frpx_client* client, const char* prefix, uint32_t timeout_ms,
                                frpx_service_callback found, void* user);
/** Opens a tunnel; `entry` gets it. */
int frpx_client_register_service(frpx_client* client, const frpx_registration* what,
                                 uint32_t timeout_ms, frpx_entry** entry);
/** The entry of that name that has not ended, or null. */
frpx_entry* frpx_client_entry_by_name(frpx_client* client, const char* name);
/** The entry with that port that has not ended, or null. */
frpx_entry* frpx_client_entry_by_port(frpx_client* client, uint16_t outer_port);

/** Ends the tunnel. */
void frpx_entry_cancel(frpx_entry* entry);
/** Waits for its end, at most so long: FRPX_TIMED_OUT while it lives, else why it has ended. */
int frpx_entry_wait(frpx_entry* entry, uint32_t timeout_ms);
/** The outer port. */
uint16_t frpx_entry_port(const frpx_entry* entry);
/** Frees the handle; the tunnel goes on. Null is allowed. */
void frpx_entry_free(frpx_entry* entry);

/** As frpx_client_available_ports, without a client. */
int frpx_ask_free_ports(const char* server_address, uint32_t timeout_ms, uint16_t* ports,
                        size_t* count);
/** As frpx_client_active_services, without a client. */
int frpx_discover_services(const char* server_address, const char* prefix, uint32_t timeout_ms,
                           frpx_service_callback found, void* user);

#ifdef __cplusplus
}
#endif
