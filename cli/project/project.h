// A project on disk: its scripts and braid.toml, which binds the names of the scripts to files and topics. A single
// script without a braid.toml above it is a project too.
//
// Mistakes are reported with their place in braid.toml, whose text joins the sources of the compilation.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/connect/broker_settings.h"
#include "runtime/report/diagnostic.h"
#include "runtime/report/source_set.h"

namespace braid::cli {

/// `"payments.payment" = { file = "samples/*.ndjson", format = "json", options = { … } }`, or of a topic
/// `{ topic = "payments.v1", start = "earliest" }` (a source), `{ topic = "captured.v1", partitions = 8 }` (a product).
struct BindingConfig {
  std::string file;    ///< glob, relative to the project; variables expanded
  std::string format;  ///< empty: by the ending of the file, else as the script says
  std::map<std::string, std::string> options;
  std::string topic;  ///< empty: a file, or as the script says
  std::string start;  ///< as parse_start reads it (runtime/connect/topic_binding.h); empty: earliest
  std::optional<int32_t> partitions;
  std::optional<int64_t> retention_us;  ///< TopicBinding::kForever
  std::optional<bool> compaction;
  std::vector<std::string> keys;  ///< as written
  Span span;
};

/// The brokers of an environment and its [env.NAME.kafka]. Values `env:NAME` and `file:PATH` are references: they are
/// read at start (cli/session/broker.h).
struct KafkaConfig {
  BrokerSettings settings;             ///< `group` empty: the project's name
  std::map<std::string, Span> places;  ///< of settings, by key, and of `brokers`
};

/// The schema registry of an environment: its [env.NAME.registry]. Values may be references, as above.
struct RegistryConfig {
  std::string url;  ///< one or more, separated by commas
  std::string user, password, token;
  std::string ca;                      ///< path of a PEM file
  std::map<std::string, Span> places;  ///< of settings, by key
};

/// A service in an environment: its [env.NAME.service."domain.name"]. Values may be references, as above.
struct ServiceConfig {
  std::map<std::string, std::string> settings;
  std::map<std::string, Span> places;  ///< of settings, by key
};

/// Who says who people and services are: [mesh.identity].
struct IdentityConfig {
  std::string issuer;  ///< empty: there is none
  std::string audience;
  std::string jwks;   ///< its keys: a URL, or a path from the working directory
  std::string roles;  ///< path of a claim
  int64_t skew_us = 60'000'000;
  std::string opa;              ///< URL of a decision that has to allow each read, too; empty: nobody is asked
  std::string opa_filters;      ///< of conditions on rows
  std::string opa_masks;        ///< of the mask of one column
  std::string opa_batch_masks;  ///< of the masks of all columns at once; comes before `opa_masks`
  Span span = {};
};

/// How a registry on S3 is reached, [mesh.s3], or one behind HTTP, [mesh.http]. Values may be references, as above; the
/// secrets among them are.
struct MeshStoreConfig {
  std::string endpoint, region;                       ///< of S3
  std::string access_key, secret_key, session_token;  ///< of S3
  std::string token;                                  ///< of HTTP
  std::string ca;                                     ///< path of a PEM file
  std::map<std::string, Span> places = {};            ///< of settings, by key
};

/// Where the products of other projects are published, and ours: [mesh] of braid.toml.
struct MeshConfig {
  /// A directory, as a path from the working directory; "s3://bucket/prefix"; "https://host/path". Empty: none is
  /// named.
  std::string registry;
  std::string tenant = "main";
  std::string key;  ///< path of the private key that signs for our domains; empty: none is named
  /// Domains that may decide on requests for our products beside their owners, with the public names of their keys.
  std::map<std::string, std::string> approvers;
  /// How often a running job records that it reads products of other domains; 0: never.
  int64_t record_use_every_us = 3'600'000'000;
  IdentityConfig identity;
  MeshStoreConfig s3, http;
  std::string recovery;  ///< public name of the organisation's key; empty: none
  Span registry_span, key_span;
};

/// Who is told what a running job reads and writes: [env.NAME.lineage]. A token may be a reference, as above.
struct LineageConfig {
  /// URL, `file:` and a path from the working directory, or `kafka:` and a topic of the environment's brokers; empty:
  /// nobody.
  std::string to;
  std::string token;
  std::string ca;  ///< path of a PEM file: who signs for the server; empty: the machine's list
  int64_t every_us = 60'000'000;
  Span token_span = {};
};

/// Who is told of breached promises: [env.NAME.alerts].
struct AlertConfig {
  std::string webhook;  ///< URL; empty: nobody
  std::string ca;       ///< as above
};

/// How a product is kept for its readers: [env.NAME.serve].
struct ServeConfig {
  std::vector<std::string> indexes;  ///< paths of fields: "segment", "window.start"
  std::optional<int64_t> keep_us;
  Span span;  ///< of the product's name
};

/// 0: there is none.
struct ServeQuotas {
  int64_t requests_per_second = 0, bytes_per_second = 0, scans = 0;
};

/// Who may read served products, by its token or its certificate.
struct ServeConsumer {
  std::string token;        ///< a reference, as above; empty: it has none
  std::string certificate;  ///< a name in it; empty: it has none
  std::string user;         ///< as `allow read to user "…"` names it; empty: the consumer's name
  std::string domain;
  std::vector<std::string> roles;
  std::optional<ServeQuotas> quotas;  ///< empty: those of the section
};

/// Who may read served products: [env.NAME.serve_access]. Paths are from the working directory.
struct ServeAccessConfig {
  bool identity = false;            ///< tokens of [mesh.identity] are taken
  std::vector<std::string> owners;  ///< roles that see all
  std::map<std::string, ServeConsumer> consumers;
  std::string tls_certificate, tls_key, client_ca;  ///< of PEM files
  ServeQuotas quotas;
  std::map<std::string, Span> places;  ///< of tokens, by consumer
  Span span;
};

struct Environment {
  std::string name;
  std::string store = "data";  ///< directory of state and outputs, as a path from the working directory
  int workers = 1;
  int64_t memory_bytes = 0;  ///< 0: half of the machine's
  std::string listen;        ///< address and port of the job's endpoint; empty: none
  AlertConfig alerts;
  LineageConfig lineage;
  std::map<std::string, BindingConfig> bind;  ///< by "domain.name"
  std::map<std::string, BindingConfig> out;   ///< by "domain.name" of a product
  std::map<std::string, std::string> params;  ///< name or "domain.name" → literal, as a script writes it
  std::optional<KafkaConfig> kafka;           ///< where it has `brokers`
  std::optional<RegistryConfig> registry;
  std::map<std::string, ServiceConfig> services;  ///< by "domain.name"
  std::map<std::string, ServeConfig> serve;       ///< by "domain.name" of a product
  std::optional<ServeAccessConfig> serve_access;  ///< absent: who reads is not asked
};

struct ConfigFile;  ///< braid.toml as parsed; defined in config.cpp

struct Project {
  std::string root;  ///< directory; "" for the working directory
  std::string name;
  std::optional<std::string> config_path;  ///< of braid.toml
  std::shared_ptr<const ConfigFile> config;
  std::vector<std::string> scripts;  ///< paths, sorted
  /// Of a run on one script: only its products run. Empty: all.
  std::string only_script;
  std::string default_environment;  ///< empty if there are none
  MeshConfig mesh;
  std::vector<std::string> environments;
  /// `[labels]` of braid.toml: names, and what they mean. Absent: fields may have any.
  std::optional<std::map<std::string, std::string>> labels;
};

/// Finds the project of `path`, a directory or a script; reports and gives nothing if there is none.
std::optional<Project> find_project(const std::string& path, SourceSet& sources, Reporter& reporter);

/// The environment of that name (empty: the default, or a bare one where braid.toml has none), with variables expanded.
std::optional<Environment> environment(const Project& project, const std::string& name, const SourceSet& sources,
                                       Reporter& reporter);

/// Reads a whole file; nullopt and `reason` if it can't be.
std::optional<std::string> read_file(const std::string& path, std::string& reason);

}  // namespace braid::cli
