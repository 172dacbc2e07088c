UPDATE op SET state = 'dismissed', open = 0
WHERE id = ?1 AND state = 'held'
  -- What made the finding bears its id, and is found at once; only its corrections have to be looked for.
  AND CASE (SELECT state FROM op AS made WHERE made.id = op.entity AND made.kind = 'finding.record')
      WHEN 'dismissed' THEN 1
      WHEN 'corrected' THEN NOT EXISTS (
          SELECT 1
            FROM op AS made
           WHERE made.entity = op.entity AND made.kind = 'finding.record' AND made.state NOT IN ('dismissed', 'corrected'))
      ELSE 0
      END
