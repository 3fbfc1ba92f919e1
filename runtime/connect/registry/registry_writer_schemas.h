// Schemas of records by their id, for decoders: a registry client behind the seam of the codec. `find` does not wait: a
// schema that is being fetched is `not_now`, with the reason "asked, and no answer yet"; the source pauses the
// partition and asks again. What the registry refuses is `not_now` too, with its reason: somebody has to mend it.
// Threads: find() and wait() on any, on several at once; a wait() does not hold up a find() longer than a step of it.
#pragma once

#include <memory>
#include <mutex>

#include "runtime/codec/writer_schemas.h"
#include "runtime/connect/registry/registry_client.h"

namespace braid::registry {

SchemaLanguage language_of(SchemaType type);

class RegistryWriterSchemas final : public WriterSchemas {
 public:
  explicit RegistryWriterSchemas(std::unique_ptr<RegistryClient> client) : client_(std::move(client)) {}

  SchemaAnswer find(const SchemaId& id) override;
  /// The same, and waits while the registry has not answered: for a start, and for a source that has nothing else to
  /// do.
  SchemaAnswer find_within(const SchemaId& id, int64_t at_most_us, Clock& clock);

 private:
  Answer<SchemaPtr> ask(const SchemaId& id);

  std::mutex mutex_;
  std::unique_ptr<RegistryClient> client_;
};

}  // namespace braid::registry
