#include "runtime/connect/registry/schema_fetch.h"

#include <fmt/format.h>

#include "runtime/connect/registry/registry_answers.h"

namespace braid::registry {

SchemaFetch::SchemaFetch(CallContext& context, std::string path, int64_t deadline_us)
    : context_(context), deadline_us_(deadline_us) {
  call_.emplace(context_, RegistryRequest{.path = std::move(path)}, deadline_us_);
}

const Answer<SchemaPtr>* SchemaFetch::step() {
  while (!outcome_) {
    const Answer<std::string>* answer = call_->step();
    if (answer == nullptr) return nullptr;
    if (answer->ok()) {
      take(**answer);
    } else {
      RegistryError error = answer->error();
      if (!open_.empty()) error.message = fmt::format("reference `{}`: {}", asked_name_, error.message);
      outcome_ = std::move(error);
    }
  }
  return &*outcome_;
}

void SchemaFetch::give_up(std::string message) {
  outcome_ = RegistryError{.fault = RegistryFault::refused,
                           .message = std::move(message),
                           .url = context_.settings.urls[context_.favourite]};
}

void SchemaFetch::take(const std::string& body) {
  auto read = read_schema(body);
  if (!read.ok()) return give_up(read.error().message);
  bytes_ += read->text.size();
  if (bytes_ > context_.settings.longest_answer)
    return give_up(
        fmt::format("the schema and its references are longer than {} bytes", context_.settings.longest_answer));
  open_.push_back({asked_name_, std::move(*read), 0});
  advance();
}

/// Begins the next reference that was not seen, or ends.
void SchemaFetch::advance() {
  while (!open_.empty()) {
    Open& last = open_.back();
    if (last.next == last.schema.references.size()) {
      if (open_.size() == 1)
        made_.schema = std::move(last.schema);
      else
        made_.referenced.push_back({last.name, std::move(last.schema.text)});
      open_.pop_back();
      continue;
    }
    const SchemaReference reference = last.schema.references[last.next++];
    // A reference to one that is still open is a circle, which a registry does not take; here it ends too.
    if (!seen_.insert(fmt::format("{}/{}/{}", reference.name, reference.subject, reference.version)).second) continue;
    if (seen_.size() > context_.settings.most_references)
      return give_up(fmt::format("the schema has more than {} references", context_.settings.most_references));
    asked_name_ = reference.name;
    // Registries keep what is referenced, though its subject was deleted.
    call_.emplace(context_,
                  RegistryRequest{.path = fmt::format("/subjects/{}/versions/{}?deleted=true",
                                                      escaped(reference.subject), reference.version)},
                  deadline_us_);
    return;
  }
  outcome_ = SchemaPtr(std::make_shared<ResolvedSchema>(std::move(made_)));
}

}  // namespace braid::registry
