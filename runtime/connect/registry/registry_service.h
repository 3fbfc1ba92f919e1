// What a job wants of a schema registry: schemas of the records that it reads, by their ids, and ids for the schemas of
// its products. Behind it is a client with libcurl, in a shared library of its own (load/), since files need neither.
// Any thread, several at once.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/codec/writer_schemas.h"
#include "runtime/connect/registry/register_product.h"

namespace braid::registry {

class RegistryService : public WriterSchemas {
 public:
  /// As register_product(). Waits for the answer.
  virtual Result<RegisteredProduct> add(const ProductSchema& product) = 0;
  /// The newest schema of the values of a topic; null if there is none. Waits for the answer. Error E7075, E7076.
  virtual Result<std::shared_ptr<const WriterSchema>> latest(const std::string& topic) = 0;
  /// The schemas of the values of a topic, the newest first, as far as the registry says so soon: a guess at what its
  /// records have.
  virtual std::vector<std::shared_ptr<const WriterSchema>> newest(const std::string& topic, size_t most) = 0;
};

struct ServiceOptions {
  RegistrySettings settings;
  std::string ca_file;  ///< PEM; empty: the machine's list
};
/// Asks nothing yet. Fails with ErrorKind::usage for settings that cannot be used.
Result<std::unique_ptr<RegistryService>> make_registry_service(const ServiceOptions& options, Clock& clock);
using MakeRegistryService = Result<std::unique_ptr<RegistryService>> (*)(const ServiceOptions& options, Clock& clock);

}  // namespace braid::registry

/// The entry of the shared library.
extern "C" braid::registry::MakeRegistryService braid_registry_make_service();
