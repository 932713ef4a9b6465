"""From a wish to a verified outcome: plans on the side of the faces, execution in the actor process."""
