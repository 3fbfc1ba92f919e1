// A registry that a Braid serves (`braid mesh serve`): the same names below its address.
//
//   GET    NAME              an object or head, with its ETag
//   GET    ?list=FOLDER      names, one a line
//   PUT    NAME              with `If-None-Match: *` or `If-Match`: 201, or 412 where that does not hold
//   POST   turn              a turn of its own; its id. 409: somebody else has one
//   DELETE turn/ID           the end of it
//
// The server looks at what is written, as a reader would, and refuses what the domain's key has not signed (7254). It
// removes nothing for others: who may write to its directory collects there (7256).
#pragma once

#include "mesh/registry/object_store.h"
#include "mesh/registry/patient_web.h"

namespace braid::mesh {

class HttpStore : public ObjectStore {
 public:
  /// `token`: goes with each request as `Authorization: Bearer`; empty: none. The clock outlives the store.
  HttpStore(std::string address, std::string token, std::unique_ptr<Web> web, Clock& clock, int attempts = 6);

  std::string place() const override { return address_; }
  Result<std::optional<std::string>> read(const std::string& name) override;
  Result<bool> put_if_absent(const std::string& name, const std::string& content) override;
  Result<std::optional<StoredHead>> read_head(const std::string& name) override;
  Result<bool> swap_head(const std::string& name, const std::optional<std::string>& etag,
                         const std::string& content) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<std::vector<std::string>> list_leftovers(const std::string& folder) override;
  Status remove(const std::string& name) override;
  /// It must end before the store.
  Result<std::unique_ptr<Turn>> take_turn() override;

 private:
  class HttpTurn;
  using Answer = PatientWeb::Answer;
  Result<Answer> ask(WebRequest::Method method, const std::string& name, const std::string& condition,
                     const std::string& body);
  Error failed(const Answer& answer, const std::string& name, bool writes = false) const;
  Error not_here() const;

  std::string address_, token_, turn_;
  PatientWeb web_;
};

}  // namespace braid::mesh
