UPDATE op SET state = 'dismissed', open = 0
WHERE state = 'held' AND entity = (SELECT entity FROM op WHERE id = ?1 AND kind = 'finding.record')
RETURNING entity
