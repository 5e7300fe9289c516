DROP TABLE foreign_images;
